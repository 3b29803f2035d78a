"""Signing off what was done behind broken glass."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring
from chalicelib.sessions.handlers.bodies import ReviewBody
from chalicelib.sessions.handlers.sessions import shown

blueprint = Blueprint(__name__)


@blueprint.route("/v1/sessions/{session_id}/review", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def review(session_id: str) -> Response:
    """Say that somebody else has looked at it, and what they found."""
    request = blueprint.current_request
    who = authenticate(request)
    comment = body(request, ReviewBody).said()
    return answer(shown(wiring.reviewing().review(session_id, comment, who), clock()))
