"""The provision function's part in reading what a session of a member account did."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads the annotations
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.roles import ROLE_PATH, split_role_name
from chalicelib.core.handlers.bodies import converted
from chalicelib.sessions import wiring

if TYPE_CHECKING:
    from collections.abc import Mapping


class TracedSession(msgspec.Struct, frozen=True):
    """As much of a session as CloudTrail tells (sessions.domain.activity.Traced)."""

    role: str
    role_arn: str
    session_name: str
    source_identity: str
    issued_at: datetime
    expires_at: datetime


class ReadActivity(msgspec.Struct, frozen=True):
    """`session_activity`: the regions to look in, and where to go on."""

    session: TracedSession
    regions: tuple[str, ...]
    cursor: str | None = None


def handle(event: Mapping[str, Any]) -> dict[str, Any]:
    """One page of the session's calls; BrokerError as CloudTrail or the account's spoke role answers."""
    wanted = converted(event, ReadActivity)
    account, role = split_role_name(wanted.session.role)
    if not wanted.session.role_arn.endswith(f"::{account}:role{ROLE_PATH}{role}"):
        raise InvalidRequest("The session is not one of a brokered role in a member account.")
    log = wiring.activity_in_account(wanted.session.role, wanted.regions)
    found: dict[str, Any] = msgspec.to_builtins(log.page(wanted.session, wanted.cursor))
    return found
