"""The one place where a refusal becomes an event."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, MfaRequired, Refused
from chalicelib.core.domain.events import to_json
from tests.fakes.core import ALICE, NOW, Clock, FakeJournal, Ids, origin, refusals

CHALICELIB = Path(__file__).parents[4] / "chalicelib"


def test_a_refusal_is_answered_as_it_was_once_its_event_is_written() -> None:
    journal = FakeJournal()
    refusal = Refused("No rule allows it.", ("nearest",))
    answered = refusals(journal, Clock(), Ids()).record(
        refusal, origin(), role="ec2-full", reason="deploy", subject={"action": "apply_role"}, detail={"fields": {}}
    )
    [event] = journal.events
    assert answered is refusal
    assert (event.type, event.at, event.role, event.reason, event.policies) == (
        "refuse", NOW, "ec2-full", "deploy", ("nearest",)
    )  # fmt: skip
    assert list(json.loads(to_json(event))["detail"]) == ["action", "code", "why", "fields"]


def test_what_the_caller_decided_already_stands_in_the_event() -> None:
    journal = FakeJournal()
    earlier = NOW.replace(hour=1)
    refusals(journal, Clock(), Ids()).record(Refused("No."), origin(), session="s1", at=earlier, event_id="id-of-cause")
    [event] = journal.events
    assert (event.id, event.at, event.session) == ("id-of-cause", earlier, "s1")


def test_a_refusal_that_cannot_be_recorded_is_not_answered() -> None:
    journal = FakeJournal(fails_with=AuditUnavailable("the table is away"))
    with pytest.raises(AuditUnavailable):
        refusals(journal).record(Refused("No."), origin())


def test_no_other_service_builds_a_refuse_event() -> None:
    services = [path for path in CHALICELIB.glob("*/services/*.py") if '"refuse"' in path.read_text()]
    assert [path.relative_to(CHALICELIB).as_posix() for path in services] == ["core/services/refusals.py"]


DEVICE = "arn:aws:iam::123456789012:mfa/alice"
SESSION = replace(ALICE, kind="role", name="ci/run-1")


def test_a_refusal_for_want_of_mfa_names_the_device_and_the_next_step() -> None:
    recorder = refusals(FakeJournal(), devices=lambda caller: (f"arn:aws:iam::123456789012:mfa/{caller.name}",))
    refusal = recorder.record(MfaRequired("Rule x asks for MFA."), origin())
    assert refusal.devices == (DEVICE,)
    assert DEVICE in refusal.detail
    assert "--mfa-code" in refusal.detail


def test_without_a_device_it_says_how_to_enrol_one_and_a_failing_iam_changes_nothing() -> None:
    def away(_caller: object) -> tuple[str, ...]:
        raise AwsUnavailable("IAM is away")

    for devices in (lambda _caller: (), away):
        refusal = refusals(FakeJournal(), devices=devices).record(MfaRequired("Rule x asks for MFA."), origin())
        assert refusal.devices == ()
        assert "broker mfa enroll" in refusal.detail


@pytest.mark.parametrize("who", [replace(origin(), via="slack"), origin(SESSION)])
def test_who_has_no_device_at_hand_is_not_told_of_one(who) -> None:
    refusal = refusals(FakeJournal(), devices=lambda _: (DEVICE,)).record(MfaRequired("Rule x asks for MFA."), who)
    assert refusal.devices == ()
    assert DEVICE not in refusal.detail
