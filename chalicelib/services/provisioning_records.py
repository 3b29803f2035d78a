"""What provisioning leaves on record: rows that carry their audit event, with before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.events import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.errors import BrokerError
    from chalicelib.domain.events import Origin
    from chalicelib.domain.ports import Clock, Journal, NewId
    from chalicelib.domain.provisioning import Change
    from chalicelib.domain.provisioning_ports import ProvisionLog
    from chalicelib.domain.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The catalogue, the exports and the journal, written with their events."""

    log: ProvisionLog
    journal: Journal
    clock: Clock
    new_id: NewId

    def role(
        self,
        role: Role,
        action: str,
        changes: tuple[Change, ...],
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

    def refused(self, refusal: BrokerError, action: str, name: str, origin: Origin) -> BrokerError:
        """The same refusal, once it is on record."""
        detail = {
            "action": action,
            "code": refusal.code,
            "why": refusal.detail,
            "fields": getattr(refusal, "fields", {}),
        }
        self.journal.record(self.event("refuse", origin, detail, name))
        return refusal

    def event(self, kind: str, origin: Origin, detail: Mapping[str, Any], role: str = "") -> AuditEvent:
        """An event of now."""
        now = self.clock()
        return AuditEvent(id=self.new_id(now), type=kind, at=now, origin=origin, role=role, detail=detail)
