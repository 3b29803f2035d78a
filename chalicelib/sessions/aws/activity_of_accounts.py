"""The calls of sessions of every account: the hub's CloudTrail is read here, a member's by the provision function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.core.domain.roles import split_role_name
from chalicelib.core.domain.times import rfc3339
from chalicelib.sessions.domain.activity import ActivityPage

if TYPE_CHECKING:
    from typing import Protocol

    from chalicelib.core.domain.sessions import Session
    from chalicelib.sessions.aws.cloudtrail import CloudTrailActivity

    class Orders(Protocol):
        """The provision function."""

        def order(self, order: dict[str, Any]) -> dict[str, Any]:
            """The result of an order; the error of the other side, raised again."""
            ...


ACTION = "session_activity"
"""The order that the provision function takes (sessions/handlers/activity_action.py)."""


class ActivityOfAccounts:
    """The port ActivityLog. Only the provision function may enter a member account, so that one is asked there."""

    def __init__(self, home: CloudTrailActivity, provisioner: Orders) -> None:
        self._home, self._provisioner = home, provisioner

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that are looked up in the session's account, and no others."""
        return self._home.regions

    def page(self, session: Session, cursor: str | None) -> ActivityPage:
        """As CloudTrailActivity.page; AwsUnavailable too where the account is out of reach."""
        account, _ = split_role_name(session.role)
        if not account:
            return self._home.page(session, cursor)
        order = {
            "action": ACTION,
            "regions": list(self.regions),
            "cursor": cursor,
            "session": {
                "role": session.role,
                "role_arn": session.role_arn,
                "session_name": session.session_name,
                "source_identity": session.source_identity,
                "issued_at": rfc3339(session.issued_at),
                "expires_at": rfc3339(session.expires_at),
            },
        }
        return msgspec.convert(self._provisioner.order(order), ActivityPage)
