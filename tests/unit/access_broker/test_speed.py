"""Every `aws` call of a profile starts `broker creds`: kept credentials are printed without any SDK or framework."""

import sys

import pytest

from tests.processes import Child

HEAVY = {"botocore", "boto3", "keyring", "click", "typer", "rich", "pydantic", "yaml", "urllib3", "ssl", "asyncio"}
COUNTED = """
import sys
from access_broker.main import main
sys.argv = ["broker", *sys.argv[1:]]
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("words", [["creds", "ec2-full", "--format", "process"], ["--version"]])
def test_the_quick_paths_import_nothing_heavy(alice, words):
    alice.run("creds", "ec2-full")
    command = [sys.executable, "-c", COUNTED, *words]
    with Child(command, env=alice.environment, stdout=-1, stderr=-1, text=True) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, bool(out)) == (0, True)
    assert HEAVY & set(err.split()) == set()
