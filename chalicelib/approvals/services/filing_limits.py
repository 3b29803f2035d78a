"""Filing within the limits: a row per person counts, and a conditional write keeps the count exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.approvals.domain.filings import MAX_WAITING, FiledMeanwhile, FiledTooOften
from chalicelib.core.domain.errors import Contended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from chalicelib.approvals.domain.filings import Filings
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.approvals.services.stores import Requests
    from chalicelib.core.domain.events import AuditEvent

TRIES = 12
"""Attempts against other requests of the same person; with the pauses of wiring under 8 s in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedFiling:
    """Writes requests. The indexes lag behind, so they cannot count what one person files at once."""

    requests: Requests
    pause: Callable[[int], None]

    def file(self, filed: Sequence[tuple[Request, AuditEvent]], person: str, once: str) -> Request:
        """File requests of one moment, all or none, and answer the first; Crowded or FiledTooOften at a limit."""
        now = filed[0][0].filed_at
        for attempt in range(TRIES):
            filings = self.requests.filings(person)
            filings.check_rate(now)
            counted = filings.adding([one.id for one, _ in filed], self._waiting(filings, now, len(filed)), now)
            try:
                return self.requests.file(filed, once, counted)
            except (FiledMeanwhile, Contended):
                self.pause(attempt)
        raise FiledTooOften("Too many requests of this person were filed at once. Try again in a moment.")

    def _waiting(self, filings: Filings, now: datetime, more: int) -> list[str]:
        """Ids that wait. Settled ones are sorted out only if there are enough to reach the limit."""
        if len(filings.ids) + more <= MAX_WAITING:
            return list(filings.ids)
        found = (self.requests.get(one) for one in filings.ids)
        return [one.id for one in found if one is not None and one.state_at(now) == "pending"]
