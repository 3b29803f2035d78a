"""Closing what is overdue: requests without an answer, and grants that ran out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.approvals.domain.grants import ran_out
from chalicelib.approvals.domain.requests import expired
from chalicelib.core.domain.errors import Conflict, Contended

if TYPE_CHECKING:
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.approvals.services.records import ApprovalRecords
    from chalicelib.approvals.services.stores import Grants, Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueCloser:
    """Runs on a schedule. Nothing waits for it: what is over is over by the clock, this only tells."""

    requests: Requests
    grants: Grants
    records: ApprovalRecords

    def run(self) -> tuple[int, int]:
        """Record the requests and grants that are over by now; answers how many of each this call recorded."""
        now = self.records.clock()
        overdue = [request for request in self.requests.pending() if request.overdue(now)]
        over = [grant for grant in self.grants.open() if now >= grant.until]
        return sum([self.request(request) for request in overdue]), sum([self.grant(grant) for grant in over])

    def request(self, request: Request) -> bool:
        """Record that one request expired; False if another call recorded it at the same moment."""
        lapsed = expired(request)
        try:
            self.requests.save(lapsed, self.records.expired(lapsed))
        except (Conflict, Contended):
            return False
        return True

    def grant(self, grant: Grant) -> bool:
        """Write down one grant that ran out; False as for requests, and where the request is gone."""
        request = self.requests.get(grant.id)
        if request is None:
            return False
        over = ran_out(grant)
        try:
            self.grants.end(over, self.records.ran_out(request, over))
        except (Conflict, Contended):
            return False
        return True
