"""GET /v1/roles/{name}/usage: how a role was used. `broker roles usage` and `broker roles suggest` read it."""

from __future__ import annotations

from datetime import timedelta

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.paging import cursor_asked, next_cursor
from chalicelib.core.handlers.queries import Query
from chalicelib.core.wiring import clock
from chalicelib.insight import wiring

blueprint = Blueprint(__name__)

FILTERS = ("caller", "since")
USUAL = timedelta(days=90)
"""As far back as CloudTrail's event history goes."""


@blueprint.route("/v1/roles/{name}/usage", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_usage(name: str) -> Response:
    """One page of sessions: what they called, and what the role allows beyond it."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    query = Query(request, "cursor", *FILTERS)
    since = query.instant("since") or clock() - USUAL
    page = wiring.role_usage().page(name, query.name("caller"), since, cursor_asked(request, who), who)
    shown = {field: getattr(page, field) for field in page.__slots__ if field != "cursor"}
    return answer({**shown, "next_cursor": next_cursor(page.cursor, request, who)})
