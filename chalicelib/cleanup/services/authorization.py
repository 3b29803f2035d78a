"""Who may see what clean-up would do: the access rules decide in the API, then the cleanup function looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import NotFound, Refused
from chalicelib.core.domain.events import AuditEvent
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.journal import Journal
    from chalicelib.core.services.provisioner import Provisioner


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupAuthorization:
    """Cedar's `Provision` on the whole broker. `function` is the cleanup function."""

    rights: Rights
    journal: Journal
    function: Provisioner
    clock: Clock
    new_id: NewId

    def rehearse(self, origin: Origin) -> dict[str, Any]:
        """What a run at this moment would do; a refusal is recorded before it is answered."""
        try:
            self.rights.demand("Provision", "", origin)
        except (Refused, NotFound) as refusal:
            raise self._refused(refusal, origin) from None
        return self.function.order(self._event())

    def _event(self) -> dict[str, Any]:
        """In the shape of EventBridge, by whose schedule the function runs otherwise."""
        now = self.clock()
        return {
            "version": "0",
            "id": self.new_id(now),
            "source": "access-broker",
            "detail-type": "Clean-up rehearsal",
            "time": rfc3339(now),
            "account": "",
            "region": "",
            "resources": [],
            "detail": {"dry_run": True},
        }

    def _refused(self, refusal: BrokerError, origin: Origin) -> BrokerError:
        now = self.clock()
        detail = {"action": "cleanup", "code": refusal.code, "why": refusal.detail}
        rules = getattr(refusal, "policies", ())
        self.journal.record(AuditEvent(self.new_id(now), "refuse", now, origin, policies=rules, detail=detail))
        return refusal
