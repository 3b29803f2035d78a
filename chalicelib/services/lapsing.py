"""Lapsing: requests that nobody answered and grants that ran out are written down as such."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Conflict, Contended
from chalicelib.domain.grants import ran_out
from chalicelib.domain.requests import expired

if TYPE_CHECKING:
    from chalicelib.domain.approval_ports import Grants, Requests
    from chalicelib.domain.grants import Grant
    from chalicelib.domain.requests import Request
    from chalicelib.services.approval_records import ApprovalRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsing:
    """Runs on a schedule. Nothing waits for it: what is over is over by the clock, this only tells."""

    requests: Requests
    grants: Grants
    records: ApprovalRecords

    def run(self) -> tuple[int, int]:
        """Write down what is over by now: how many requests, how many grants."""
        now = self.records.clock()
        overdue = [request for request in self.requests.pending() if request.overdue(now)]
        over = [grant for grant in self.grants.open() if now >= grant.until]
        for request in overdue:
            self.request(request)
        for grant in over:
            self.grant(grant)
        return len(overdue), len(over)

    def request(self, request: Request) -> None:
        """One request that nobody answered; somebody else may have written it down in the same moment."""
        lapsed = expired(request)
        with suppress(Conflict, Contended):
            self.requests.save(lapsed, self.records.expired(lapsed))

    def grant(self, grant: Grant) -> None:
        """One grant that ran out."""
        request = self.requests.get(grant.id)
        if request:
            over = ran_out(grant)
            with suppress(Conflict, Contended):
                self.grants.end(over, self.records.ran_out(request, over))
