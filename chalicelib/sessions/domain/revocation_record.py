"""One call that revokes: its cause, its audit events and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.events import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Session

Scope = Literal["session", "caller", "role"]


@dataclass(frozen=True, slots=True)
class Revocation:
    """The answer to one call.

    `direct_roles` may be assumed by the caller without the broker: AWS cannot
    tell such sessions apart, so they end only with the whole role's. `no_room`
    says that a role's policy had no room for single entries; `widened` says
    what is denied beyond what was asked: role, source identity (a pattern;
    empty for every session of the role) and time of issue.
    """

    id: str
    scope: Scope
    name: str
    reason: str
    at: datetime
    roles: tuple[str, ...]
    sessions: tuple[str, ...]
    direct_roles: tuple[str, ...] = ()
    no_room: bool = False
    widened: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """The caller, reason and rules of a revocation: the parts that every event of one call has in common.

    `own` is the source identity of a caller who ends their own sessions, otherwise empty.
    """

    id: str
    scope: Scope
    name: str
    reason: str
    at: datetime
    origin: Origin
    own: str = ""
    rules: tuple[str, ...] = ()

    def revoked(self, event_id: str, role: str, sessions: Iterable[Session], **more: object) -> AuditEvent:
        """The `revoke` event of one role."""
        detail: dict[str, Any] = {"revocation": self.id, "scope": self.scope, "name": self.name, **more}
        detail["sessions"] = sorted(one.id for one in sessions)
        session = self.name if self.scope == "session" else ""
        return AuditEvent(event_id, "revoke", self.at, self.origin, role, session, self.reason, self.rules, detail)
