"""The provision function's part in revocations: its actions, dispatched by handlers/provision.py.

`revoke_session`, `revoke_caller` and `revoke_role` come from the API, with
the audit event to carry; `prune_revocations` from a schedule and clean-up.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads the annotations
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.core.handlers.bodies import converted
from chalicelib.core.wiring import meter
from chalicelib.sessions import wiring
from chalicelib.sessions.domain.revocation import Cutoff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class EndSession(msgspec.Struct, frozen=True):
    """`revoke_session`."""

    role: str
    session: str
    expires_at: datetime
    event: str


class EndCaller(msgspec.Struct, frozen=True):
    """`revoke_caller`: sessions issued before `before`, and these by id; the entry may go at `until`."""

    role: str
    source_identity: str
    before: datetime
    until: datetime
    event: str
    sessions: dict[str, datetime] = {}


class EndEveryone(msgspec.Struct, frozen=True):
    """`revoke_role`: as `revoke_caller`, for everybody."""

    role: str
    before: datetime
    until: datetime
    event: str
    sessions: dict[str, datetime] = {}


def handle(event: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out the event's action, one of ACTIONS; BrokerError as the service raises it."""
    return ACTIONS[str(event["action"])](event)


def _end_session(event: Mapping[str, Any]) -> dict[str, Any]:
    order = converted(event, EndSession)
    return _used(wiring.revocation_enforcer().end_session(order.role, order.session, order.expires_at, order.event))


def _end_caller(event: Mapping[str, Any]) -> dict[str, Any]:
    order = converted(event, EndCaller)
    cutoff = Cutoff(order.before, order.until)
    revocation_enforcer = wiring.revocation_enforcer()
    return _used(revocation_enforcer.end_caller(order.role, order.source_identity, cutoff, order.event, order.sessions))


def _end_everyone(event: Mapping[str, Any]) -> dict[str, Any]:
    order = converted(event, EndEveryone)
    cutoff = Cutoff(order.before, order.until)
    return _used(wiring.revocation_enforcer().end_everyone(order.role, cutoff, order.event, order.sessions))


def _prune(_event: Mapping[str, Any]) -> dict[str, Any]:
    pruned = wiring.revocation_enforcer().prune()
    meter().count("PruningFailures", len(pruned.failed))
    _used(pruned.fullest)
    return {"changed": list(pruned.changed), "failed": list(pruned.failed)}


def _used(share: float) -> dict[str, Any]:
    """Answer how full a role's policy is, and let the alarm know."""
    percent = round(100 * share, 1)
    meter().percent("RevocationListUsed", percent)
    return {"used_percent": percent}


ACTIONS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "revoke_session": _end_session,
    "revoke_caller": _end_caller,
    "revoke_role": _end_everyone,
    "prune_revocations": _prune,
}
