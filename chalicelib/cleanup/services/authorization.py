"""Rehearsals over HTTP: the API evaluates the access rules, then the cleanup function looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import NotFound, Refused
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.provisioner import Provisioner
    from chalicelib.core.services.refusals import RefusalRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupAuthorization:
    """Cedar's `Provision` on the whole broker. `function` is the cleanup function."""

    rights: Rights
    refusals: RefusalRecorder
    function: Provisioner
    clock: Clock
    new_id: NewId

    def rehearse(self, origin: Origin) -> dict[str, Any]:
        """Report what a run would do now. A refusal is recorded before it is answered."""
        try:
            self.rights.demand("Provision", "", origin)
        except (Refused, NotFound) as refusal:
            raise self.refusals.record(refusal, origin, subject={"action": "cleanup"}) from None
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
