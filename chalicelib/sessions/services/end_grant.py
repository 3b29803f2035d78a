"""Granting: how a grant ends before its time. Which one a session is issued under, services.issuing decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from chalicelib.approvals.domain.grants import ended
from chalicelib.approvals.services.approvers import owns
from chalicelib.core.domain.errors import BrokerError, Conflict, NotFound, Refused
from chalicelib.core.domain.ids import earliest
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS
from chalicelib.sessions.services.visibility import as_seen

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Protocol

    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.approvals.services.approvers import Approvers
    from chalicelib.approvals.services.records import ApprovalRecords
    from chalicelib.approvals.services.stores import Grants, Requests
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Session
    from chalicelib.sessions.services.browse import Sessions

    class SessionEnder(Protocol):
        """Taking back one session (services.revoking)."""

        def end_with_grant(self, session: Session, reason: str, origin: Origin) -> object:
            """End it; Conflict if the role's deny list is full, or what the provision function raises."""
            ...


LONGEST_SESSION = timedelta(seconds=MAX_CHAINED_SECONDS + 60)
"""With a minute over, for ids and times that are rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEnder:
    """The grant's row first, so that nothing new is issued under it; then the sessions it gave.

    Repeating it takes up what an interrupted call left.
    """

    requests: Requests
    grants: Grants
    sessions: Sessions
    ender: SessionEnder
    approvers: Approvers
    records: ApprovalRecords

    def end(self, grant_id: str, reason: str, origin: Origin) -> Grant:
        """End a grant and those of its sessions that nothing else covers.

        The owner of the grant may, and every caller who may revoke sessions of its role.
        Raises NotFound, Refused, or Conflict if the grant is already over.
        """
        request, grant = self._found(grant_id)
        if not owns(origin, request):
            self._demand(request, reason, origin)
        if grant.ended_at is None:
            self._write_end(request, grant, reason, origin)
        over = self.grants.get(request) or grant
        self._end_sessions(over, reason or f"Grant {grant_id} was given back.", origin)
        return over

    def _found(self, grant_id: str) -> tuple[Request, Grant]:
        request = self.requests.get(grant_id)
        grant = self.grants.get(request) if request else None
        if request is None or grant is None:
            raise NotFound(f"There is no grant {grant_id}.")
        return request, grant

    def _demand(self, request: Request, reason: str, origin: Origin) -> None:
        try:
            self.approvers.rights.demand("Revoke", request.role, origin, reason)
        except (Refused, NotFound) as refusal:
            self.records.refused(refusal, "Revoke", request.role, origin, {"grant": request.id})
            sees = self.approvers.sight(origin)(request)
            raise as_seen(refusal, f"There is no grant {request.id}.", sees=sees) from None

    def _write_end(self, request: Request, grant: Grant, reason: str, origin: Origin) -> None:
        over = ended(grant, origin.caller.name, self.records.clock())
        try:
            self.grants.end(over, self.records.ended(request, over, reason, origin))
        except Conflict:
            return  # another call ended it in the same moment: the same end

    def _end_sessions(self, over: Grant, reason: str, origin: Origin) -> None:
        """End what no grant covers any more; one that fails does not spare the others.

        The sessions of every grant the caller holds for the role are looked
        at: one that outlived its own grant under another may lose that now.
        A grant of weeks gave thousands, and all but the last hour's are over,
        as their ids tell: those are not even read. The newest come first.
        """
        now = self.records.clock()
        held = self.grants.held(over.caller_id, over.role, now)
        oldest = earliest(now - LONGEST_SESSION)
        ended_grants = [grant for grant in held if grant.ended_at]
        issued_under = {name: grant for grant in ended_grants for name in grant.sessions if name >= oldest}
        failures: list[BrokerError] = []
        for session_id, grant in sorted(issued_under.items(), key=itemgetter(0), reverse=True):
            session = self.sessions.get(session_id)
            if session and session.state(now) == "active" and not _covered(session, grant, held, now):
                try:
                    self.ender.end_with_grant(session, reason, origin)
                except BrokerError as failure:
                    failures.append(failure)
        if failures:
            raise failures[-1]


def _covered(session: Session, under: Grant, held: list[Grant], now: datetime) -> bool:
    """True if another grant, with as many approvals, lasts as long as the session."""
    return any(
        grant.covers(now) and grant.until >= session.expires_at and grant.approvals >= under.approvals for grant in held
    )
