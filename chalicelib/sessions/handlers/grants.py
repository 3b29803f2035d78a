"""Giving access back before its time is up."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.approvals.handlers.views import grant_document
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.visible_text import visible_text
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.queries import Query
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring

blueprint = Blueprint(__name__)

MAX_REASON = 1000


@blueprint.route("/v1/grants/{grant_id}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def end_grant(grant_id: str) -> Response:
    """End a grant and those of its sessions that nothing else covers."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    reason = visible_text(Query(request, "reason").text("reason"))
    if len(reason) > MAX_REASON:
        raise InvalidRequest("The reason is too long.", {"reason": f"at most {MAX_REASON} characters"})
    grant = wiring.grant_ender().end(grant_id, reason, who)
    return answer(grant_document(grant, clock()))
