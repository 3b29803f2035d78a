"""Break-glass reviews: a session taken without approval waits until another person signs it off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.approvals.domain.approvals import principal_id
from chalicelib.core.domain.errors import Conflict, NotFound, Refused
from chalicelib.core.domain.events import AuditEvent
from chalicelib.core.domain.times import rfc3339
from chalicelib.sessions.services.visibility import as_seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from chalicelib.approvals.services.approvers import Approvers
    from chalicelib.approvals.services.records import ApprovalRecords
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Session
    from chalicelib.sessions.services.browse import Sessions

    class BreakGlassReviews(Protocol):
        """Break-glass sessions that wait for a review."""

        def sign_off(self, session: Session, event: AuditEvent) -> None:
            """Write who reviewed the session, once; Conflict if it is reviewed already."""
            ...

        def waiting(self) -> Iterator[str]:
            """The ids of the sessions that wait for a review, newest first."""
            ...


MOST_WAITING = 100
"""The newest open reviews that a list looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassReview:
    """Cedar's `ReviewBreakGlass`. Callers never review their own sessions."""

    sessions: Sessions
    reviews: BreakGlassReviews
    approvers: Approvers
    records: ApprovalRecords

    def waiting(self, origin: Origin) -> tuple[Session, ...]:
        """The sessions of others that the caller may sign off, newest first."""
        found = (self.sessions.get(one) for one in islice(self.reviews.waiting(), MOST_WAITING))
        return tuple(one for one in found if one and one.unreviewed and self._may_review(one, origin))

    def review(self, session_id: str, comment: str, origin: Origin) -> Session:
        """Sign a session off, once. NotFound, Refused, or Conflict where there is nothing (more) to review."""
        session = self.sessions.get(session_id)
        if session is None:
            raise NotFound(f"There is no session {session_id}.")
        rules = self._right(session, comment, origin)
        if not session.unreviewed:
            raise Conflict(_nothing_to_review(session))
        now = self.records.clock()
        reviewed = replace(session, reviewed_by=origin.caller.name, reviewed_at=now, review_comment=comment)
        event = AuditEvent(
            id=self.records.new_id(now),
            type="review",
            at=now,
            origin=origin,
            role=session.role,
            session=session.id,
            reason=comment,
            policies=rules,
            detail={"for": session.caller, "break_glass": True, "issued_at": rfc3339(session.issued_at)},
        )
        self.reviews.sign_off(reviewed, event)
        return reviewed

    def _may_review(self, session: Session, origin: Origin) -> bool:
        role = self.approvers.catalogue.get(session.role)
        if role is None or principal_id(session.caller_id) == principal_id(origin.caller.unique_id):
            return False
        return "ReviewBreakGlass" in self.approvers.rights.over(role, origin)

    def _right(self, session: Session, comment: str, origin: Origin) -> tuple[str, ...]:
        detail = {"session": session.id}
        try:
            return self.approvers.demand("ReviewBreakGlass", session.role, (session.caller_id,), comment, origin)
        except (Refused, NotFound) as refusal:
            self.records.refused(refusal, "ReviewBreakGlass", session.role, origin, detail)
            sees = self.approvers.rights.sight(origin)(session)
            raise as_seen(refusal, f"There is no session {session.id}.", sees=sees) from None


def _nothing_to_review(session: Session) -> str:
    if session.reviewed_at:
        return f"{session.reviewed_by} reviewed session {session.id} at {rfc3339(session.reviewed_at)}."
    return f"Session {session.id} is no break-glass session: there is nothing to review."
