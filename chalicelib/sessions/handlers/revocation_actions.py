"""The provision function's part in revocations: its actions, dispatched by provisioning/handlers/function.py.

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
from chalicelib.sessions.services.enforce_revocations import RevocationOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.sessions.services.enforce_revocations import Enforced


class EndSession(msgspec.Struct, frozen=True):
    """`revoke_session`; `own` is the source identity of a caller who ends their own sessions, otherwise empty."""

    role: str
    session: str
    expires_at: datetime
    event: str
    source_identity: str = ""
    own: str = ""


class EndCaller(msgspec.Struct, frozen=True):
    """`revoke_caller`: sessions issued before `before`, and these by id; the entry may go at `until`."""

    role: str
    source_identity: str
    before: datetime
    until: datetime
    event: str
    sessions: dict[str, datetime] = {}
    own: str = ""


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
    wanted = converted(event, EndSession)
    order = RevocationOrder(wanted.role, wanted.event, wanted.own)
    return _enforced(
        wiring.revocation_enforcer().end_session(order, wanted.session, wanted.expires_at, wanted.source_identity)
    )


def _end_caller(event: Mapping[str, Any]) -> dict[str, Any]:
    wanted = converted(event, EndCaller)
    order, cutoff = RevocationOrder(wanted.role, wanted.event, wanted.own), Cutoff(wanted.before, wanted.until)
    return _enforced(wiring.revocation_enforcer().end_caller(order, wanted.source_identity, cutoff, wanted.sessions))


def _end_everyone(event: Mapping[str, Any]) -> dict[str, Any]:
    wanted = converted(event, EndEveryone)
    order, cutoff = RevocationOrder(wanted.role, wanted.event), Cutoff(wanted.before, wanted.until)
    return _enforced(wiring.revocation_enforcer().end_everyone(order, cutoff, wanted.sessions))


def _prune(_event: Mapping[str, Any]) -> dict[str, Any]:
    pruned = wiring.revocation_enforcer().prune()
    meter().count("PruningFailures", len(pruned.failed))
    _meter_use(pruned.fullest)
    return {"changed": list(pruned.changed), "failed": list(pruned.failed)}


def _enforced(done: Enforced) -> dict[str, Any]:
    return {"used_percent": _meter_use(done.used), "widened": [one.document() for one in done.widened]}


def _meter_use(share: float) -> float:
    """How full a role's policy is, in percent, which the alarm hears too."""
    percent = round(100 * share, 1)
    meter().percent("RevocationListUsed", percent)
    return percent


ACTIONS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "revoke_session": _end_session,
    "revoke_caller": _end_caller,
    "revoke_role": _end_everyone,
    "prune_revocations": _prune,
}
