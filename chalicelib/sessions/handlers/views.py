"""A session as the routes answer it: the one place that renders it (contract/answers describes the same fields)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.domain.sessions import Session


def session_document(session: Session, now: datetime) -> dict[str, Any]:
    """A session as the contract shows it."""
    return {
        "id": session.id,
        "caller": session.caller,
        "role": session.role,
        "role_arn": session.role_arn,
        "session_name": session.session_name,
        "source_identity": session.source_identity,
        "kind": session.kind,
        "state": session.state(now),
        "reason": session.reason,
        "policies": session.policies,
        "issued_at": rfc3339(session.issued_at),
        "expires_at": rfc3339(session.expires_at),
        "grant": session.grant or None,
        "asked_by": session.asked_by or None,
        "break_glass": session.break_glass,
        "review": _review(session),
    }


def _review(session: Session) -> dict[str, Any] | None:
    """The break-glass review, open or done; None for sessions that need no review."""
    if session.unreviewed:
        return {"state": "open"}
    if session.reviewed_at is None:
        return None
    said = {"by": session.reviewed_by, "at": rfc3339(session.reviewed_at), "comment": session.review_comment}
    return {"state": "done", **said}


def later_session_document(session: Session, now: datetime) -> dict[str, Any]:
    """A session as it is shown after its issue: with its end and the time that is left."""
    left = session.expires_at - now if session.state(now) == "active" else None
    return {
        **session_document(session, now),
        "revoked_at": rfc3339(session.revoked_at) if session.revoked_at else None,
        "remaining_seconds": int(left.total_seconds()) if left else 0,
        "revoked_because": session.revoked_because or None,
    }
