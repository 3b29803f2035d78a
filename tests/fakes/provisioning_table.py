"""The table as provisioning sees it: rows, their events, and leases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.provisioning.domain.users import HandedOut
from tests.fakes.provisioning_iam import Killed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.roles import Role
    from chalicelib.provisioning.domain.unfinished import UnfinishedChange
    from chalicelib.provisioning.domain.users import User


@dataclass
class FakeProvisionLog:
    """The table's rows. `fails_with` is raised by every write while it is set."""

    roles: dict[str, Role] = field(default_factory=dict)
    exports: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    calls: dict[str, tuple[str, datetime, HandedOut]] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    changes: dict[str, UnfinishedChange] = field(default_factory=dict)
    fails_with: Exception | None = None
    beginning_fails_with: Exception | None = None
    ending_dies: bool = False

    def role(self, name: str) -> Role | None:
        return self.roles.get(name)

    def record_role(self, role: Role, event: AuditEvent) -> None:
        self._told(event)
        self.roles[role.name] = role

    def begin_change(self, change: UnfinishedChange) -> None:
        if self.beginning_fails_with:
            raise self.beginning_fails_with
        older = self.changes.get(change.role.name)
        self.changes[change.role.name] = replace(change, before=older.before) if older else change

    def end_change(self, name: str, event: AuditEvent | None = None) -> None:
        if self.ending_dies:
            raise Killed
        if event:
            self._told(event)
        self.changes.pop(name, None)

    def unfinished_change(self, name: str) -> UnfinishedChange | None:
        return self.changes.get(name)

    def unfinished(self) -> tuple[str, ...]:
        return tuple(self.changes)

    def record_user(self, user: User, event: AuditEvent, token: str, made: HandedOut) -> None:
        self._told(event)
        self.users[user.name] = user
        self.calls[user.name] = (token, event.at, made)

    def user_id(self, name: str) -> str:
        return self.users[name].unique_id if name in self.users else ""

    def handed_out(self, name: str, token: str, since: datetime) -> HandedOut:
        asked, at, made = self.calls.get(name, ("", since, HandedOut()))
        return made if asked == token and at >= since else HandedOut()

    def forget_user(self, name: str, event: AuditEvent) -> None:
        self._told(event)
        self.users.pop(name, None)

    def export(self, name: str) -> Mapping[str, Any] | None:
        return self.exports.get(name)

    def forget_role(self, name: str, export: Mapping[str, Any], event: AuditEvent) -> None:
        self._told(event)
        self.roles.pop(name, None)
        self.exports[name] = export

    def record(self, event: AuditEvent) -> None:
        """As a journal."""
        self._told(event)

    def _told(self, event: AuditEvent) -> None:
        if self.fails_with:
            raise self.fails_with
        self.events.append(event)
