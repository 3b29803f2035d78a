"""`broker exec` before the deployed broker: exit codes, Ctrl-C, and credentials nowhere to be found."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cli_person import BROKER, Person, at_a_terminal, until

if TYPE_CHECKING:
    from localaws.broker import Broker

SHOW_KEYS = "echo $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN > keys; touch ready; exec sleep 60"


@pytest.fixture
def alice(broker: Broker, tmp_path: Path) -> Person:
    return at_a_terminal(broker, "alice", tmp_path / "alice")


def test_the_exit_code_is_the_programs(alice: Person) -> None:
    assert alice.broker("exec", "ec2-full", "--", "sh", "-c", "exit 7").returncode == 7


def test_the_program_may_what_the_role_may_and_no_more(alice: Person) -> None:
    allowed = alice.broker("exec", "ec2-full", "--", "aws", "ec2", "describe-instances")
    refused = alice.broker("exec", "ec2-full", "--", "aws", "iam", "list-users")
    assert allowed.returncode == 0, allowed.stderr
    assert "AccessDenied" in refused.stderr


def test_ctrl_c_reaches_the_program(alice: Person) -> None:
    script = 'trap "echo caught; exit 42" INT; touch ready; while :; do sleep 0.1; done'
    with alice.spawn([BROKER, "exec", "ec2-full", "--", "sh", "-c", script]) as process:
        until((alice.home / "ready").exists)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (42, "caught\n")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_credentials_appear_in_no_process_list_no_log_and_no_file_but_the_owners_cache(
    broker: Broker, alice: Person
) -> None:
    with alice.spawn([BROKER, "exec", "ec2-full", "--", "sh", "-c", SHOW_KEYS]) as process:
        until((alice.home / "ready").exists)
        secrets = (alice.home / "keys").read_text().split()
        (alice.home / "keys").unlink()
        listed = b"\n".join(read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)
    assert len(secrets) == 2
    written = [path for path in alice.home.rglob("*") if path.is_file() and leaks(path.read_bytes(), secrets)]
    assert not leaks(listed, secrets)
    assert not leaks(broker.log.read_bytes(), secrets)
    assert [path.parent.name for path in written] == ["access-broker"]
    assert written[0].stat().st_mode & 0o077 == 0


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def leaks(content: bytes, secrets: list[str]) -> bool:
    return any(secret.encode() in content for secret in secrets)


def test_refresh_gives_the_program_an_endpoint_that_works(alice: Person) -> None:
    done = alice.broker("exec", "ec2-full", "--refresh", "--", "aws", "ec2", "describe-instances")
    assert done.returncode == 0, done.stderr
    assert "Reservations" in json.loads(done.stdout)


def test_a_narrowed_session_may_less_than_the_role(alice: Person) -> None:
    policy = alice.home / "describe.json"
    statement = {"Effect": "Allow", "Action": "ec2:DescribeRegions", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    narrowed = ["exec", "ec2-full", "--policy", str(policy), "--", "aws", "ec2"]
    assert alice.broker(*narrowed, "describe-regions").returncode == 0
    assert "UnauthorizedOperation" in alice.broker(*narrowed, "describe-instances").stderr
    assert alice.broker("exec", "ec2-full", "--", "aws", "ec2", "describe-instances").returncode == 0
