"""From the table's stream into the log: every good event once, poison set aside."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.audit.services.deliver import MAX_LINES, AuditDelivery, RowChange
from chalicelib.core.domain.errors import BrokerError, Conflict, Contended
from chalicelib.core.domain.events import AuditEvent, to_json
from chalicelib.core.domain.ids import new_id
from tests.fakes.audit import FakeAuditLog, FakeDeadLetters, FakeLedger
from tests.fakes.core import NOW, Clock, origin


@dataclass
class Desk:
    """An auditing service and everything it touches."""

    ledger: FakeLedger = field(default_factory=FakeLedger)
    log: FakeAuditLog = field(default_factory=FakeAuditLog)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    pauses: list[int] = field(default_factory=list)

    @property
    def service(self) -> AuditDelivery:
        return AuditDelivery(
            ledger=self.ledger,
            log=self.log,
            dead_letters=self.dead_letters,
            clock=Clock(),
            pause=self.pauses.append,
        )

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.lines]

    def logged_ids(self) -> list[str]:
        return [line["id"] for line in self.logged()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def event_id(number: int) -> str:
    return new_id(NOW, number.to_bytes(10, "big"))


def good(number: int, reason: str = "") -> RowChange:
    event = AuditEvent(event_id(number), "issue", NOW, origin(), reason=reason)
    return RowChange(str(100 + number), to_json(event))


POISON = RowChange("999", "not an event")


def test_every_event_becomes_one_line_in_order(desk: Desk) -> None:
    outcome = desk.service.take([good(1), good(2), good(3)])
    assert desk.logged_ids() == [event_id(1), event_id(2), event_id(3)]
    assert (outcome.resume_at, outcome.parked, len(outcome.logged)) == (None, 0, 3)


def test_delivered_twice_out_of_order_and_with_poison_every_good_event_is_logged_once(desk: Desk) -> None:
    batches = [[good(2), POISON, good(1)], [good(1), good(3), good(2)], [good(3), good(3)]]
    for batch in batches:
        assert desk.service.take(batch).resume_at is None
    assert sorted(desk.logged_ids()) == [event_id(1), event_id(2), event_id(3)]
    assert desk.dead_letters.parked == [("999", "not an event")]


@given(st.lists(st.lists(st.integers(0, 8), max_size=5), max_size=8), st.randoms(use_true_random=False))
def test_however_the_stream_repeats_itself_and_the_log_fails_nothing_is_lost(
    batches: list[list[int]], chance: random.Random
) -> None:
    desk = Desk()
    for batch in batches:
        desk.log.fails = chance.choice([0, 0, 1])
        changes = [good(number) for number in batch]
        if desk.service.take(changes).resume_at is not None:
            desk.service.take(changes)
    assert sorted(desk.logged_ids()) == sorted({event_id(number) for batch in batches for number in batch})
    assert sorted(line["seq"] for line in desk.logged()) == list(range(1, len(desk.logged()) + 1))


def test_when_the_log_is_away_the_batch_is_redelivered_from_its_beginning_and_gets_the_same_lines(desk: Desk) -> None:
    desk.log.fails = 1
    outcome = desk.service.take([good(1), POISON, good(2)])
    assert (outcome.resume_at, outcome.logged, outcome.parked) == (good(1).sequence, (), 0)
    chained = {name: link.line for name, link in desk.ledger.links.items()}
    assert desk.service.take([good(1), POISON, good(2)]).resume_at is None
    assert desk.log.lines == [chained[event_id(1)], chained[event_id(2)]]


def test_when_the_dead_letter_queue_is_away_redelivery_begins_at_the_poison(desk: Desk) -> None:
    desk.dead_letters.fails = 1
    outcome = desk.service.take([good(1), POISON, good(2)])
    assert (outcome.resume_at, len(outcome.logged)) == (POISON.sequence, 2)
    desk.service.take([POISON, good(2)])
    assert desk.logged_ids() == [event_id(1), event_id(2)]
    assert len(desk.dead_letters.parked) == 1


@pytest.mark.parametrize("conflict", [Conflict, Contended])
def test_a_head_that_others_moved_is_tried_again_after_a_pause(desk: Desk, conflict: type[BrokerError]) -> None:
    desk.ledger.conflicts, desk.ledger.conflict = 3, conflict
    assert desk.service.take([good(1)]).resume_at is None
    assert desk.pauses == [0, 1, 2]


def test_a_head_that_never_stands_still_is_a_passing_failure(desk: Desk) -> None:
    desk.ledger.conflicts = 1000
    outcome = desk.service.take([good(1)])
    assert (outcome.resume_at, desk.log.lines) == (good(1).sequence, [])
    assert len(desk.pauses) < 20


def test_events_that_are_chained_but_not_in_the_log_go_there_when_they_come_again(desk: Desk) -> None:
    desk.log.fails = 1
    desk.service.take([good(1)])
    assert desk.log.lines == []
    desk.service.take([good(1), good(2)])
    assert [line["seq"] for line in desk.logged()] == [1, 2]


def test_a_crash_before_the_mark_repeats_a_line_that_is_equal_to_the_byte(desk: Desk) -> None:
    desk.service.take([good(1)])
    desk.ledger.delivered.clear()
    desk.service.take([good(1)])
    assert len(desk.log.lines) == 2
    assert desk.log.lines[0] == desk.log.lines[1]


def test_more_than_a_transaction_takes_goes_in_portions_and_stays_one_chain(desk: Desk) -> None:
    desk.service.take([good(number) for number in range(2 * MAX_LINES + 1)])
    assert [line["seq"] for line in desk.logged()] == list(range(1, 2 * MAX_LINES + 2))


def test_large_events_go_in_portions_too(desk: Desk) -> None:
    put: list[int] = []
    desk.log.put = lambda links: put.append(sum(len(link.line) for link in links))  # type: ignore[method-assign]
    desk.service.take([good(number, "x" * 200_000) for number in range(10)])
    assert max(put) < 1_048_576
    assert len(put) == 3


def test_an_empty_batch_is_nothing(desk: Desk) -> None:
    assert desk.service.take([]).resume_at is None


def test_a_failure_says_why(desk: Desk) -> None:
    desk.log.fails = 1
    assert "CloudWatch is away" in desk.service.take([good(1)]).why
