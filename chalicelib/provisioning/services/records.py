"""Records of provisioning: rows that carry their audit event, with before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.events import AuditEvent
from chalicelib.provisioning.domain.export import DELETING_TAG, identified, role_as_found

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Protocol

    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.refusals import RefusalRecorder
    from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleChange
    from chalicelib.provisioning.domain.unfinished import UnfinishedChange
    from chalicelib.provisioning.domain.users import HandedOut, User

    class ProvisionLog(Protocol):
        """Catalogue rows, user rows and exports. Each write carries its audit event (the row is the outbox)."""

        def role(self, name: str) -> Role | None:
            """The catalogue's row, read consistently."""
            ...

        def record_role(self, role: Role, event: AuditEvent) -> None:
            """Write the catalogue row; AuditUnavailable unless it is durable."""
            ...

        def begin_change(self, change: UnfinishedChange) -> None:
            """Keep the change until it ends; an older one that is kept for the role stays. AuditUnavailable."""
            ...

        def end_change(self, name: str, event: AuditEvent | None = None) -> None:
            """Forget the role's change, with the event of undoing it, if it was undone."""
            ...

        def unfinished_change(self, name: str) -> UnfinishedChange | None:
            """The role's change that has not ended, read consistently."""
            ...

        def unfinished(self) -> tuple[str, ...]:
            """The roles with a change that has not ended."""
            ...

        def record_user(self, user: User, event: AuditEvent, token: str, made: HandedOut) -> None:
            """Write the user's row with what the call made and its token; AuditUnavailable unless it is durable."""
            ...

        def user_id(self, name: str) -> str:
            """The unique id in the user's row, read consistently, or ""."""
            ...

        def handed_out(self, name: str, token: str, since: datetime) -> HandedOut:
            """The secrets of the user's latest change, if its request had this token since then; otherwise nothing."""
            ...

        def forget_user(self, name: str, event: AuditEvent) -> None:
            """Remove the user's row and tell of it, both or neither."""
            ...

        def export(self, name: str) -> Mapping[str, Any] | None:
            """The latest export of a role, read consistently."""
            ...

        def forget_role(self, name: str, export: Mapping[str, Any], event: AuditEvent) -> None:
            """Remove the catalogue row and keep the export with the event, both or neither."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningRecords:
    """The catalogue, the exports and the journal, written with their events."""

    log: ProvisionLog
    refusals: RefusalRecorder
    clock: Clock
    new_id: NewId

    def role(
        self,
        role: Role,
        action: str,
        changes: tuple[RoleChange, ...],
        origin: Origin,
        kind: str,
        *,
        lost: tuple[str, ...] = (),
    ) -> None:
        """The catalogue row after a change, and what could not be put back; AuditUnavailable unless it is durable."""
        detail = {"action": action, "changes": [asdict(change) for change in changes]}
        if lost:
            detail["cannot_come_back"] = list(lost)
        self.log.record_role(role, self.event(kind, origin, detail, role.name))

    def catalogued(self, found: ProvisionedRole) -> Role:
        """The role's catalogue row, or what such a row would say of the role as found in IAM."""
        return self.log.role(found.name) or identified(
            role_as_found(found.name, found.arn, found.state, ()), found.unique_id
        )

    def export_of_cut_off_delete(self, role: ProvisionedRole) -> Mapping[str, Any] | None:
        """The export of a deletion that was killed half-way, if this role is what it left; else None.

        Such a role has less than its export says, so the export counts.
        """
        kept = self.log.export(role.name) if DELETING_TAG in role.state.tags else None
        return kept if kept is not None and kept["unique_id"] == role.unique_id else None

    def refused(self, refusal: BrokerError, action: str, name: str, origin: Origin) -> BrokerError:
        """The same refusal, once it is on record."""
        fields = {"fields": getattr(refusal, "fields", {})}
        return self.refusals.record(refusal, origin, role=name, subject={"action": action}, detail=fields)

    def event(self, kind: str, origin: Origin, detail: Mapping[str, Any], role: str = "") -> AuditEvent:
        """An event of now."""
        now = self.clock()
        return AuditEvent(id=self.new_id(now), type=kind, at=now, origin=origin, role=role, detail=detail)
