"""GET /v1/callers: users and roles that the directory knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.paging import page_asked, paged
from chalicelib.core.handlers.queries import Query
from chalicelib.directory import wiring
from chalicelib.directory.services.browse_callers import CallerFilter

if TYPE_CHECKING:
    from chalicelib.directory.services.browse_callers import KnownCaller

blueprint = Blueprint(__name__)

FILTERS = ("group", "suspended")
YES_OR_NO = ("true", "false")


@blueprint.route("/v1/callers", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def list_callers() -> Response:
    """One page of callers in order of their names."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    limit, cursor = page_asked(request, who, *FILTERS)
    query = Query(request, "limit", "cursor", *FILTERS)
    suspended = query.word("suspended", YES_OR_NO)
    wanted = CallerFilter(query.name("group"), suspended == "true" if suspended else None)
    page = wiring.caller_browser().page(wanted, limit, cursor, who)
    return answer(paged("callers", page, request, who, _document))


@blueprint.route("/v1/callers/{name}", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_caller(name: str) -> Response:
    """One caller by name."""
    return answer(_document(wiring.caller_browser().one(name, authenticate(blueprint.current_request))))


def _document(caller: KnownCaller) -> dict[str, Any]:
    return {
        "id": caller.id,
        "name": caller.name,
        "kind": caller.kind,
        "arn": caller.arn,
        "groups": caller.groups,
        "tags": caller.tags,
        "suspended": caller.suspended,
        "as_of": rfc3339(caller.as_of) if caller.as_of else None,
    }
