"""Signing off what was done behind broken glass."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import wiring, wiring_approvals
from chalicelib.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body, origin
from chalicelib.handlers.request_bodies import ReviewBody
from chalicelib.handlers.sessions import shown

blueprint = Blueprint(__name__)


@blueprint.route("/v1/sessions/{session_id}/review", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def review(session_id: str) -> Response:
    """Say that somebody else has looked at it, and what they found."""
    request = blueprint.current_request
    who = origin(request)
    comment = body(request, ReviewBody).said()
    return answer(shown(wiring_approvals.reviewing().review(session_id, comment, who), wiring.clock()))
