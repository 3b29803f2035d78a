"""POST /v1/credentials: the product's main job, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring
from chalicelib.sessions.handlers.bodies import CredentialsBody

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.domain.sessions import Credentials, Session

blueprint = Blueprint(__name__)


@blueprint.route("/v1/credentials", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def take_credentials() -> Response:
    """Issue a role session and hand its credentials to the caller who signed."""
    request = blueprint.current_request
    who = authenticate(request)
    wanted = body(request, CredentialsBody).ask()
    session, credentials = wiring.session_issuer().issue(wanted, who)
    shown = {"session": session_document(session, clock()), "credentials": process_credentials(credentials)}
    return answer(shown, 201)


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
    """Whether broken glass was signed off, and by whom; None for sessions that need no review."""
    if session.unreviewed:
        return {"state": "open"}
    if session.reviewed_at is None:
        return None
    said = {"by": session.reviewed_by, "at": rfc3339(session.reviewed_at), "comment": session.review_comment}
    return {"state": "done", **said}


def process_credentials(credentials: Credentials) -> dict[str, Any]:
    """Exactly what `credential_process` prints (AWS SDKs and Tools Reference Guide)."""
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": rfc3339(credentials.expiration, "seconds"),
    }
