"""Sessions that run out get their event, once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.audit.services.deliver import AuditDelivery
from chalicelib.audit.services.session_expiry_events import PORTION, SessionExpiry
from chalicelib.core.domain.errors import AuditUnavailable
from tests.fakes.audit import FakeAuditLog, FakeDeadLetters, FakeLedger
from tests.fakes.core import NOW, Clock
from tests.fakes.sessions import FakeSessions, session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Desk:
    """An expiring service and everything it touches."""

    sessions: FakeSessions = field(default_factory=FakeSessions)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    log: FakeAuditLog = field(default_factory=FakeAuditLog)
    clock: Clock = field(default_factory=Clock)
    told: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)

    @property
    def service(self) -> SessionExpiry:
        audit_delivery = AuditDelivery(
            ledger=self.ledger,
            log=self.log,
            dead_letters=FakeDeadLetters(),
            clock=self.clock,
            pause=lambda _attempt: None,
        )
        return SessionExpiry(
            sessions=self.sessions,
            checkpoint=self.ledger,
            audit_delivery=audit_delivery,
            told=self.told.append,
            clock=self.clock,
        )

    def expired(self) -> list[str]:
        events: list[dict[str, Any]] = [json.loads(line) for line in self.log.lines]
        assert {event["type"] for event in events} <= {"expire"}
        return [event["session"] for event in events]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_session_expires_in_the_log_once_it_has_run_out(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    assert desk.service.run().active == 1
    assert desk.expired() == []
    desk.clock.pass_seconds(3600)
    run = desk.service.run()
    assert (run.active, run.logged, desk.expired()) == (0, 1, [alices.id])
    [[event]] = desk.told
    assert (event["at"], event["caller"]["name"], event["reason"]) == ("2026-11-23T13:00:00.000Z", "alice", "")


def test_runs_that_repeat_and_overlap_tell_it_once(desk: Desk) -> None:
    desk.sessions.add(session())
    desk.clock.pass_seconds(3600)
    for until in (None, NOW, None):
        desk.ledger.until = until
        desk.service.run()
    assert len(desk.expired()) == 1


def test_what_was_revoked_or_failed_does_not_expire(desk: Desk) -> None:
    desk.sessions.add(session(1, revoked_at=NOW), session(2, failed=True))
    desk.clock.pass_seconds(3600)
    desk.service.run()
    assert desk.expired() == []


def test_after_an_outage_everything_that_ran_out_meanwhile_is_told(desk: Desk) -> None:
    desk.service.run()
    issued = [session(number, issued_at=NOW + timedelta(hours=number)) for number in range(48)]
    desk.sessions.add(*issued)
    desk.clock.pass_seconds(60 * 3600)
    desk.service.run()
    assert sorted(desk.expired()) == sorted(one.id for one in issued)


def test_where_the_log_is_away_the_next_run_tells_it(desk: Desk) -> None:
    desk.sessions.add(session())
    desk.clock.pass_seconds(3600)
    desk.log.fails = 1
    with pytest.raises(AuditUnavailable):
        desk.service.run()
    desk.service.run()
    assert len(desk.expired()) == 1


def test_thousands_are_told_in_portions(desk: Desk) -> None:
    desk.sessions.add(*(session(number) for number in range(PORTION + 10)))
    desk.clock.pass_seconds(3600)
    assert desk.service.run().logged == PORTION + 10
    assert [len(portion) for portion in desk.told] == [PORTION, 10]


def test_a_run_that_is_cut_short_leaves_the_next_one_what_it_did_not_tell(desk: Desk) -> None:
    early, late = session(1), session(2, issued_at=NOW + timedelta(hours=5))
    desk.sessions.add(early, late)
    desk.service.run()
    desk.clock.pass_seconds(7 * 3600)
    desk.log.full_at = 1
    with pytest.raises(AuditUnavailable):
        desk.service.run()
    assert desk.expired() == [early.id]
    assert desk.ledger.until == NOW + timedelta(hours=5)
    desk.log.full_at = None
    desk.service.run()
    assert desk.expired() == [early.id, late.id]
