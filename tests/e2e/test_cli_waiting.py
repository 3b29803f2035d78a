"""Approval through the command before the deployed broker: filed by itself, waited for, collected, given back."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.auditing import start_afresh
from tests.e2e.cli_person import BROKER, Person, at_a_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.broker import Broker

ASK = ["prod-ec2", "--for", "2h", "--reason", "deploy 1.2"]


@pytest.fixture
def alice(broker: Broker, tmp_path: Path) -> Person:
    start_afresh(broker, "alice", "prod-ec2")
    return at_a_terminal(broker, "alice", tmp_path / "alice")


@pytest.fixture
def bob(broker: Broker, tmp_path: Path) -> Person:
    return at_a_terminal(broker, "bob", tmp_path / "bob")


def pending_request(person: Person) -> str:
    """The request that alice just filed, as `person` sees it; the list follows with a moment's delay."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done = person.broker("requests", "--state", "pending", "--role", "prod-ec2", "--json")
        found: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 else []
        if found:
            return str(found[0]["id"])
        time.sleep(0.2)
    raise AssertionError("no request came")


def test_exec_waits_for_the_approval_and_then_runs(broker: Broker, alice: Person, bob: Person) -> None:
    with alice.spawn([BROKER, "exec", *ASK, "--", "aws", "ec2", "describe-instances"]) as process:
        identifier = pending_request(bob)
        approved = bob.broker("approve", identifier, "--comment", "go ahead", "--mfa-code", broker.mfa_code("bob"))
        out, err = process.communicate(timeout=120)
    assert approved.returncode == 0, approved.stderr
    assert process.returncode == 0, err
    assert "Reservations" in json.loads(out)
    assert identifier in err
    assert "by bob" in err
    gave_back = alice.broker("done", identifier, "--reason", "finished")
    assert gave_back.returncode == 0, gave_back.stderr
    assert alice.broker("creds", *ASK, "--no-wait", "--fresh").returncode == 3
    assert alice.broker("cancel", pending_request(alice)).returncode == 0


def test_a_denial_ends_the_wait(alice: Person, bob: Person) -> None:
    with alice.spawn([BROKER, "creds", *ASK]) as process:
        denied = bob.broker("deny", pending_request(bob), "--comment", "after the release")
        out, err = process.communicate(timeout=120)
    assert denied.returncode == 0, denied.stderr
    assert (process.returncode, out) == (1, "")
    assert "after the release" in err


def test_no_wait_files_once_and_nobody_approves_their_own(alice: Person) -> None:
    first = alice.broker("creds", *ASK, "--no-wait")
    identifier = pending_request(alice)
    second = alice.broker("creds", *ASK, "--format", "process")
    own = alice.broker("approve", identifier)
    assert (first.returncode, second.returncode, own.returncode) == (3, 3, 1)
    assert identifier in first.stderr
    assert identifier in second.stderr
    assert alice.broker("cancel", identifier).returncode == 0


def test_without_a_reason_it_says_how_to_give_one(alice: Person) -> None:
    done = alice.broker("creds", "prod-ec2", "--no-wait")
    assert done.returncode == 1
    assert "--reason" in done.stderr
