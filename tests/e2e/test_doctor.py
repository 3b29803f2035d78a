"""`broker doctor` on the embedded AWS: green on a fresh stack; each fault turns its check red, its remedy mends it.

ministack keeps no access logs, alarm states, figures of rules or protection of log groups: those checks say "not here",
and their faults are in tests/unit/access_broker/doctor.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from access_broker.doctor.aws import canary
from access_broker.doctor.model import CHECKS, Finding
from localaws import mfa
from localaws.broker import running
from tests.e2e.auditing import ask
from tests.e2e.doctor_faults import (
    FAULTS,
    Patient,
    disconnect_the_stream,
    let_in_only_callers_with_permissions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localaws.broker import Broker
    from tests.e2e.doctor_faults import Act

UNKNOWN_HERE = {
    "clock", "tls", "access-log", "trail-told", "account-trail", "alarms-have-data", "alarms-heard", "schedules-ran",
    "audit-log-protected", "stack-protected", "api-metric-name", "fill-on-unpublished-metrics", "iam-read-rate",
    "switch-role-events", "cold-start-for-slack", "accounts-let-the-broker-in", "accounts-have-boundaries",
    "accounts-have-the-template", "sign-in-only-users", "aws-cli-has-login", "aws-login-works",
}  # fmt: skip
"""What the embedded AWS cannot tell; `schedules-ran` tells once the stack is minutes old."""

OF_PEOPLE = {
    "people-have-devices", "mfa-rules-can-be-met", "path-is-the-brokers", "sign-in-only-users", "aws-cli-has-login",
    "aws-login-works",
}  # fmt: skip


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """A stack of this file's own: what other files leave behind (dead letters, forged lines) is what a doctor finds."""
    with running() as deployed:
        yield deployed


@pytest.fixture(scope="module")
def patient(broker: Broker) -> Patient:
    return Patient(broker)


def doctor(broker: Broker, *arguments: str, profile: str = "admin") -> subprocess.CompletedProcess[str]:
    command = ["broker", "doctor", "--profile", profile, "--package", str(broker.directory / "package"), *arguments]
    return subprocess.run(command, env=broker.environ(), capture_output=True, text=True, check=False)


def test_a_fresh_stack_is_green_and_what_cannot_be_known_here_is_told_as_such(broker: Broker) -> None:
    done = doctor(broker, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    states = {one["name"]: one["state"] for one in json.loads(done.stdout)["checks"]}
    assert {name for name, state in states.items() if state == "not here"} - {"schedules-ran"} == UNKNOWN_HERE - {
        "schedules-ran"
    }
    assert set(states.values()) == {"ok", "not here"}
    assert set(states) == {check.name for check in CHECKS}


def test_the_canary_is_gone_and_its_session_is_in_the_audit(broker: Broker) -> None:
    iam = broker.session_for("admin").client("iam")
    assert "access-broker-doctor" not in {role["RoleName"] for role in iam.list_roles()["Roles"]}


def test_a_caller_who_may_not_look_is_told_so_with_exit_code_2(broker: Broker) -> None:
    done = doctor(broker, "--json", "--stack", "access-broker", profile="alice")
    assert done.returncode == 2, done.stdout + done.stderr
    states = {one["name"]: one["state"] for one in json.loads(done.stdout)["checks"]}
    assert states["point-in-time-recovery"] == states["canary-taken"] == "cannot look"
    assert states["unsigned-refused"] == "ok"


def test_a_canary_that_no_rule_gives_is_a_failure_that_people_can_read(broker: Broker) -> None:
    done = doctor(broker, "--canary", "prod-ec2")
    assert done.returncode == 1
    assert "canary-taken: prod-ec2" in done.stdout
    assert "do:  read the refusal" in done.stdout


def test_an_address_of_another_broker_is_a_wrong_use(broker: Broker) -> None:
    done = doctor(broker, "--url", broker.broker_url.replace("execute-api/", "execute-api/0"))
    assert done.returncode != 0
    assert "--stack" in done.stderr


@pytest.fixture
def mended(patient: Patient) -> Iterator[list[Act]]:
    """Remedies that a failing test has not tried yet."""
    waiting: list[Act] = []
    yield waiting
    for remedy in reversed(waiting):
        remedy(patient)


@pytest.mark.parametrize("faults", [FAULTS[0::2], FAULTS[1::2]], ids=["half", "other half"])
def test_faults_turn_their_checks_red_and_no_other_and_each_remedy_turns_its_check_green_again(
    patient: Patient, mended: list[Act], faults: list[tuple[str, Act]]
) -> None:
    """Two at once of one kind, or of one thing, would hide each other: they are in different halves."""
    checks = [check for check, _ in faults]
    assert len(set(checks)) == len(faults)
    for _, inject in faults:
        mended.append(inject(patient))
    assert sorted(patient.failed()) == sorted(checks)
    while mended:
        mended.pop()(patient)
    assert {check: state for check, state in patient.states().items() if check in checks and state != "ok"} == {}


def test_a_policy_that_admits_no_caller_without_permissions_shows_in_the_canary(
    patient: Patient, mended: list[Act]
) -> None:
    mended.append(let_in_only_callers_with_permissions(patient))
    assert patient.failed(alive=True) == ["zero-permission-admitted"]


def test_people_without_devices_and_more_than_a_sign_in_are_told(patient: Patient, mended: list[Act]) -> None:
    iam = patient.client("iam")
    for name, wanted in (("doctor-dana", {"access_key": True}), ("doctor-sam", {"sign_in": True})):
        assert ask(patient.broker, "admin", "PUT", f"/v1/users/{name}", wanted).status == 201
    iam.create_user(UserName="doctor-hand-made", Path="/access-broker/")
    iam.add_user_to_group(GroupName="approvers", UserName="doctor-hand-made")
    found = patient.found(OF_PEOPLE)
    assert found["people-have-devices"] == Finding("warning", "2 of 2 have no device: doctor-dana, doctor-sam")
    assert found["mfa-rules-can-be-met"].state == "warning"
    assert found["mfa-rules-can-be-met"].found.endswith("doctor-hand-made")
    assert found["path-is-the-brokers"] == Finding("warning", "made by hand: doctor-hand-made")
    assert found["sign-in-only-users"] == Finding("ok", "1 users")
    assert found["aws-cli-has-login"].state == "warning"  # the tests have version 1
    assert "look at docs/ways-in.md" in found["aws-login-works"].found
    for name in ("doctor-dana", "doctor-sam", "doctor-hand-made"):
        mfa.enable(iam, name)
    more = {"UserName": "doctor-sam", "PolicyArn": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}
    iam.attach_user_policy(**more)
    mended.append(lambda _: iam.detach_user_policy(**more))
    found = patient.found(OF_PEOPLE)
    assert (found["people-have-devices"].state, found["mfa-rules-can-be-met"].state) == ("ok", "ok")
    assert found["sign-in-only-users"].found == "not sign-in only: doctor-sam (also AmazonEC2FullAccess)"


def test_an_audit_that_is_cut_off_shows_in_the_canary(
    patient: Patient, mended: list[Act], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "EVENT_SECONDS", 3.0)
    mended.append(disconnect_the_stream(patient))
    assert patient.failed(alive=True) == ["audit-event", "event-sources"]


def test_a_checkout_with_other_policies_is_told(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree("policies", tmp_path / "policies")
    (tmp_path / "policies" / "lambda" / "audit.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    monkeypatch.chdir(tmp_path)
    assert patient.states(only="reviewed-policies") == {"reviewed-policies": "failed"}
    monkeypatch.chdir(tmp_path.parent)
    assert patient.states(only="reviewed-policies") == {"reviewed-policies": "not here"}
