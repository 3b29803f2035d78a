"""A local run hears nothing of the AWS settings of the shell it was started from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_package.project import NO_ACCOUNT
from localaws import profiles, shell

LEFT_BEHIND = {
    "AWS_PROFILE": "alice",
    "AWS_DEFAULT_PROFILE": "alice",
    "AWS_CONFIG_FILE": "/gone/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/gone/credentials",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}

SHOW = """
import json, os
from localaws import __main__ as program
program._status = lambda _: print(json.dumps(dict(os.environ))) or 0
raise SystemExit(program.main(["status"]))
"""


def heard(**said: str) -> dict[str, str]:
    """The environment in which a command of `python -m localaws` runs."""
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(command, env=os.environ | said, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_a_command_and_its_children_see_no_account_but_the_region() -> None:
    kept = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    found = {name: value for name, value in heard(**LEFT_BEHIND, **kept).items() if name.startswith("AWS_")}
    assert found == kept | NO_ACCOUNT


@pytest.mark.parametrize(
    ("said", "heeded"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": ".corp"}, ".corp,127.0.0.1,localhost"),
        ({"no_proxy": "localhost,.corp", "NO_PROXY": ".other"}, "localhost,.corp,127.0.0.1"),
    ],
)
def test_no_proxy_stands_before_this_machine(said: dict[str, str], heeded: str) -> None:
    environ = dict(said)
    shell.reach_loopback(environ)
    shell.reach_loopback(environ)
    assert environ == {"no_proxy": heeded, "NO_PROXY": heeded}


def test_who_goes_round_every_proxy_already_is_left_alone() -> None:
    environ = {"NO_PROXY": "*"}
    shell.reach_loopback(environ)
    assert environ == {"NO_PROXY": "*"}


def test_a_command_and_its_children_go_round_the_proxy_to_this_machine() -> None:
    found = heard(http_proxy="http://proxy.invalid:3128", no_proxy=".corp")
    assert found["NO_PROXY"] == found["no_proxy"] == ".corp,127.0.0.1,localhost"


def test_the_readme_clears_all_that_it_had_exported() -> None:
    exported = profiles.variables(Path(), endpoint_url="", broker_url="", region="")
    for readme in (Path("README.md"), Path("README.ja.md")):
        [line] = [line for line in readme.read_text().splitlines() if line.startswith("unset BROKER_URL ")]
        assert set(line.split()[1:]) == exported.keys() | {"AWS_PROFILE"}
