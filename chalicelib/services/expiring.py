"""Expiring: sessions that ran out get their event, without a write at issue time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain import ids
from chalicelib.domain.callers import Caller
from chalicelib.domain.events import AuditEvent, Origin, to_json
from chalicelib.domain.roles import MAX_CHAINED_SECONDS
from chalicelib.domain.sessions import SessionFilter
from chalicelib.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.ports import Clock, ExpiryCheckpoint, Sessions
    from chalicelib.domain.sessions import Session
    from chalicelib.services.auditing import Auditing

LONGEST = timedelta(seconds=MAX_CHAINED_SECONDS)
FIRST_LOOK = timedelta(days=1)
FARTHEST_LOOK = timedelta(days=30)
"""What a first run, and a run after a long outage, look back over."""


@dataclass(frozen=True, slots=True)
class Expired:
    """What one run did: events that entered the log, and how many sessions are alive now."""

    logged: tuple[Mapping[str, Any], ...]
    active: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """Runs on a schedule. An event's id derives from its session's, so runs may overlap and repeat."""

    sessions: Sessions
    checkpoint: ExpiryCheckpoint
    auditing: Auditing
    clock: Clock

    def run(self) -> Expired:
        """Log what expired since the last run. Sessions that were revoked or failed ended otherwise."""
        now = self.clock()
        since = max(self.checkpoint.expiries_until() or now - FIRST_LOOK, now - FARTHEST_LOOK)
        found = list(self.sessions.every(SessionFilter(since=since - LONGEST), now))
        ended = [one for one in found if since < one.expires_at <= now and one.state(now) == "expired"]
        events = {event["id"]: event for event in map(_event, ended)}
        logged = tuple(self.auditing.deliver(events))
        self.checkpoint.set_expiries_until(now)
        return Expired(logged, sum(one.state(now) == "active" for one in found))


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
