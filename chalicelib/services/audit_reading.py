"""Reading the audit log: for those who may, and every refusal on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import NotFound, Refused
from chalicelib.domain.events import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.audit_filter import AuditFilter
    from chalicelib.domain.events import Origin
    from chalicelib.domain.ledger import Head
    from chalicelib.domain.ports import AuditReader, Clock, Journal, Ledger, NewId, Page
    from chalicelib.services.rights import Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReading:
    """Cedar's `ReadAudit` decides: on the whole broker, or on the one role that is asked about."""

    rights: Rights
    log: AuditReader
    ledger: Ledger
    journal: Journal
    clock: Clock
    new_id: NewId

    def page(self, wanted: AuditFilter, limit: int, cursor: str | None, origin: Origin) -> Page[Mapping[str, Any]]:
        """One page of the log; NotFound or Refused as `Rights.demand`."""
        self._demand(wanted.role if not self.rights.may_read("", origin) else "", origin)
        return self.log.page(wanted, limit, cursor)

    def head(self, origin: Origin) -> Head:
        """The end of the chain, as the ledger has it."""
        self._demand("", origin)
        return self.ledger.head()

    def _demand(self, role: str, origin: Origin) -> None:
        try:
            self.rights.demand("ReadAudit", role, origin)
        except (Refused, NotFound) as refusal:
            now = self.clock()
            detail = {"code": refusal.code, "why": refusal.detail, "action": "ReadAudit"}
            rules = getattr(refusal, "policies", ())
            self.journal.record(
                AuditEvent(self.new_id(now), "refuse", now, origin, role, policies=rules, detail=detail)
            )
            raise
