"""Reading the audit log: for those who may, and every refusal on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from chalicelib.access.services.rights import Rights
    from chalicelib.audit.domain.filter import AuditFilter
    from chalicelib.audit.domain.hash_chain import Head
    from chalicelib.audit.services.deliver import Ledger
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.pages import Page
    from chalicelib.core.services.refusals import RefusalRecorder

    class AuditReader(Protocol):
        """The audit log group, read."""

        def page(self, wanted: AuditFilter, limit: int, cursor: str | None) -> Page[Mapping[str, Any]]:
            """Lines in order of the log, each with `logged_at`. A page may be short."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditBrowser:
    """Cedar's `ReadAudit` decides: on the whole broker, or on the one role that is asked about."""

    rights: Rights
    log: AuditReader
    ledger: Ledger
    refusals: RefusalRecorder

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
            self.refusals.record(refusal, origin, role=role, detail={"action": "ReadAudit"})
            raise
