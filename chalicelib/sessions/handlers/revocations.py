"""Taking back over HTTP: one session, one caller everywhere, or one role."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.access.wiring import short_name
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.domain.visible_text import visible_text
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.handlers.fields import CallerName, Reason, RoleName  # noqa: TC001  msgspec reads the annotations
from chalicelib.core.handlers.queries import Query
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring
from chalicelib.sessions.handlers.views import later_session_document

if TYPE_CHECKING:
    from chalicelib.core.domain.events import Origin
    from chalicelib.sessions.domain.revocation_record import Revocation

blueprint = Blueprint(__name__)

MAX_REASON = 1000


class RevocationBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/revocations: exactly one of `session`, `caller` and `role`."""

    session: Annotated[str, msgspec.Meta(pattern=r"^[0-7][0-9a-hjkmnp-tv-z]{25}$(?!\n)")] | None = None
    caller: CallerName | None = None
    role: RoleName | None = None
    reason: Reason = ""


@blueprint.route("/v1/sessions/{session_id}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def end_session(session_id: str) -> Response:
    """Revoke one session."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    reason = Query(request, "reason").text("reason")
    if len(reason) > MAX_REASON:
        raise InvalidRequest("The reason is too long.", {"reason": f"at most {MAX_REASON} characters"})
    session, revocation = wiring.session_revoker().end_session(session_id, visible_text(reason), who)
    return answer({**later_session_document(session, clock()), "widened": revocation.widened})


@blueprint.route("/v1/revocations", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def revoke() -> Response:
    """Revoke one session, one caller everywhere, or one role."""
    request = blueprint.current_request
    who = authenticate(request)
    revocation = _revoke(body(request, RevocationBody), who)
    return answer({"revocation": _document(revocation)})


def _revoke(wanted: RevocationBody, asked_by: Origin) -> Revocation:
    if [wanted.session, wanted.caller, wanted.role].count(None) != 2:  # noqa: PLR2004  exactly one of three
        raise InvalidRequest("Say what to revoke.", {"body": "exactly one of session, caller and role"})
    service, reason = wiring.session_revoker(), visible_text(wanted.reason)
    if wanted.session:
        return service.end_session(wanted.session, reason, asked_by)[1]
    if wanted.caller:
        return service.end_caller(short_name(wanted.caller), reason, asked_by)
    return service.end_role(wanted.role or "", reason, asked_by)


def _document(revocation: Revocation) -> dict[str, Any]:
    return {**asdict(revocation), "at": rfc3339(revocation.at)}
