"""Expiring: sessions that ran out get their event, without a write at issue time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain import ids
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import AuditEvent, Origin, to_json
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Protocol

    from chalicelib.audit.services.deliver import AuditDelivery
    from chalicelib.core.domain.sessions import Session
    from chalicelib.core.domain.times import Clock

    class SessionEnds(Protocol):
        """Session rows, for the schedule that tells how they end."""

        def expired(self, after: datetime, until: datetime) -> Iterator[Session]:
            """Sessions whose time ran out after `after` and by `until`, whatever else ended them before."""
            ...

        def alive(self, now: datetime) -> int:
            """How many sessions are active."""
            ...

    class ExpiryCheckpoint(Protocol):
        """Up to when expired sessions have their `expire` event."""

        def expiries_until(self) -> datetime | None:
            """The instant, or None before the first run."""
            ...

        def set_expiries_until(self, at: datetime) -> None:
            """Remember it."""
            ...


FIRST_LOOK = timedelta(days=1)
FARTHEST_LOOK = timedelta(days=30)
"""How far a first run looks back, and a run after a long outage."""

STEP = timedelta(hours=1)
"""The checkpoint moves after each step, so an interrupted run leaves less for the next one."""

PORTION = 990
"""Events in memory at once: ten transactions of the ledger."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The result of one run: events that entered the log, and sessions that are active now."""

    logged: int
    active: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExpiry:
    """Runs on a schedule. An event's id derives from its session's, so runs may overlap and repeat.

    `told` hears of the events that entered the log, portion by portion.
    """

    sessions: SessionEnds
    checkpoint: ExpiryCheckpoint
    audit_delivery: AuditDelivery
    told: Callable[[Sequence[Mapping[str, Any]]], None]
    clock: Clock

    def run(self) -> Expired:
        """Log what expired since the last run. Sessions that were revoked or failed ended otherwise."""
        now = self.clock()
        after = max(self.checkpoint.expiries_until() or now - FIRST_LOOK, now - FARTHEST_LOOK)
        logged = 0
        while after < now:
            until = min(after + STEP, now)
            logged += self._tell(after, until)
            self.checkpoint.set_expiries_until(until)
            after = until
        return Expired(logged, self.sessions.alive(now))

    def _tell(self, after: datetime, until: datetime) -> int:
        found = self.sessions.expired(after, until)
        events = (_event(session) for session in found if session.state(until) == "expired")
        count = 0
        while portion := {event["id"]: event for event in islice(events, PORTION)}:
            logged = tuple(self.audit_delivery.deliver(portion))
            self.told(logged)
            count += len(logged)
        return count


def _event(session: Session) -> dict[str, Any]:
    """The `expire` event, as the stream would have carried it."""
    account = session.caller_arn.split(":")[4]
    who = (session.caller, session.caller_arn, account, session.caller_id)
    caller = Caller("role", *who) if "/" in session.caller else Caller("user", *who)
    event = AuditEvent(
        id=_id(session.id, session.expires_at),
        type="expire",
        at=session.expires_at,
        origin=Origin(caller, policy_set=session.policy_set),
        role=session.role,
        session=session.id,
        reason=session.reason,
        policies=session.policies,
        detail={"issued_at": rfc3339(session.issued_at)},
    )
    document: dict[str, Any] = json.loads(to_json(event))
    return document


def _id(session_id: str, at: datetime) -> str:
    return ids.new_id(at, hashlib.sha256(f"expire {session_id}".encode()).digest()[: ids.ENTROPY_BYTES])
