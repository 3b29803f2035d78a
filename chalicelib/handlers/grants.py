"""Giving access back before its time is up."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import wiring, wiring_approvals
from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.words import said
from chalicelib.handlers.edge import SIGNED, answer, answering, origin
from chalicelib.handlers.queries import Query
from chalicelib.handlers.request_views import grant_document

blueprint = Blueprint(__name__)

MAX_REASON = 1000


@blueprint.route("/v1/grants/{grant_id}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def end_grant(grant_id: str) -> Response:
    """End a grant and those of its sessions that nothing else covers."""
    request = blueprint.current_request
    who = origin(request, reads_query=True)
    reason = said(Query(request, "reason").text("reason"))
    if len(reason) > MAX_REASON:
        raise InvalidRequest("The reason is too long.", {"reason": f"at most {MAX_REASON} characters"})
    grant = wiring_approvals.granting().end(grant_id, reason, who)
    return answer(grant_document(grant, wiring.clock()))
