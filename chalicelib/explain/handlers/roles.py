"""GET /v1/roles: what the caller may see, and on which terms each role could be had."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.paging import page_asked, paged
from chalicelib.explain import wiring

blueprint = Blueprint(__name__)


@blueprint.route("/v1/roles", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def list_roles() -> Response:
    """One page of roles."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    limit, cursor = page_asked(request, who)
    return answer(paged("roles", wiring.role_browser().roles(limit, cursor or "", who), request, who))


@blueprint.route("/v1/roles/{name}", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_role(name: str) -> Response:
    """One role."""
    return answer(wiring.role_browser().role(name, authenticate(blueprint.current_request)))
