"""`make up`, the profiles it leaves, and `make down`, in a copy of the checkout: a developer's own one goes on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from localaws import emulator

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".local", "runs", "logs", "e2e-js", ".hypothesis", ".*_cache",
    "project", "making-*",  # what another worker may be packaging now
)  # fmt: skip

BY_HAND = """
set -eu
trap 'make down' EXIT
make up PORT={port} SPOKES=2
. .local/env
for who in admin alice bob carol; do
  aws --profile "$who" sts get-caller-identity --query Arn --output text
done
aws --profile alice ec2 describe-instances && exit 1
broker exec ec2-full --profile alice -- aws ec2 describe-instances --query Reservations
.venv/bin/python -m localaws mfa-code bob
for member in dev prod; do
  aws --profile "$member-root" iam list-account-aliases --query 'AccountAliases[0]' --output text
done
make status
make down
make status && exit 1
test ! -e .local
"""


def test_by_hand_as_the_readme_says(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    shutil.copytree(CHECKOUT, copy, ignore=NOT_COPIED, symlinks=True)
    (copy / ".venv").symlink_to(CHECKOUT / ".venv")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BROKER_"))}
    done = subprocess.run(
        ["bash", "-c", BY_HAND.format(port=emulator.free_port())],
        cwd=copy,
        env=kept | {"PATH": f"{CHECKOUT / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}", "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("alice", "bob", "carol"):
        assert f":user/{name}" in done.stdout
    assert "not authorized" in done.stderr
    assert re.search(r"^\d{6}\ndev\nprod$", done.stdout, re.MULTILINE)
    members = re.findall(r"Member account (\w+): \d{12} in (\S+), profile (\S+)", done.stdout)
    assert members == [("dev", "/Workloads/Dev", "dev-root"), ("prod", "/Workloads/Prod", "prod-root")]
