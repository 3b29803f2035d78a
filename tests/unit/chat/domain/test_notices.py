"""What leaves the broker, and how long it waits for those who do not listen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.chat.domain.notices import of_event, wait
from chalicelib.core.domain.events import AuditEvent, to_json
from tests.fakes.approval_desk import ALICE
from tests.fakes.core import NOW, origin

RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
QUEUE = RESOURCES["Notices"]["Properties"]


@pytest.mark.parametrize(
    ("attempt", "asked", "seconds"), [(0, 0, 15), (1, 0, 15), (2, 0, 30), (6, 0, 480), (7, 0, 900), (99, 0, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempt: int, asked: int, seconds: int) -> None:
    assert wait(attempt, asked) == seconds


def test_whoever_asks_to_wait_longer_gets_it_within_reason() -> None:
    assert (wait(1, 60), wait(1, 5), wait(1, 10**9)) == (60, 15, 900)


def test_all_attempts_together_take_about_a_day_and_the_queue_keeps_them_longer() -> None:
    attempts = QUEUE["RedrivePolicy"]["maxReceiveCount"]
    total = sum(wait(attempt) for attempt in range(1, attempts + 1))
    assert 80_000 < total < 90_000
    assert QUEUE["MessageRetentionPeriod"] > 2 * total


def test_urgent_notices_have_a_queue_of_the_same_kind_and_a_poller_of_their_own() -> None:
    urgent = RESOURCES["UrgentNotices"]["Properties"]
    assert {**urgent, "QueueName": ""} == {**QUEUE, "QueueName": ""}
    events = [one["Properties"] for one in RESOURCES["Notify"]["Properties"]["Events"].values()]
    polled = [one["Queue"]["Fn::GetAtt"][0] for one in events if "Queue" in one]
    assert polled == ["Notices", "UrgentNotices"]


def test_no_address_and_no_arn_leaves_the_broker() -> None:
    event = AuditEvent("e1", "request", NOW, origin(ALICE), role="prod", reason="x", detail={"request": "r1"})
    document = of_event(to_json(event))
    assert (document["by"], document["role"], document["detail"]) == ("alice", "prod", {"request": "r1"})
    assert not {"caller", "source_ip", "request_id", "policies"} & document.keys()
    assert "arn:" not in json.dumps(document)
