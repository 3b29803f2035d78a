"""The audit log over HTTP: what `broker audit` and `broker audit verify` read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.access.handlers.role_filter import role_in
from chalicelib.audit import wiring
from chalicelib.audit.domain.filter import AuditFilter
from chalicelib.core.domain.events import TYPES
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.paging import page_asked, paged
from chalicelib.core.handlers.queries import Query
from chalicelib.core.wiring import clock, config

if TYPE_CHECKING:
    from chalice.app import Request

blueprint = Blueprint(__name__)

FILTERS = ("since", "until", "caller", "role", "type", "session")
LAST = timedelta(days=1)


@blueprint.route("/v1/audit", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def read_audit() -> Response:
    """One page of the audit log, oldest first."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    limit, cursor = page_asked(request, who, *FILTERS)
    page = wiring.audit_browser().page(_filter(request), limit, cursor, who)
    return answer(paged("events", page, request, who))


@blueprint.route("/v1/audit/head", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_head() -> Response:
    """The end of the chain, and for how long the log is kept."""
    head = wiring.audit_browser().head(authenticate(blueprint.current_request))
    document = {"seq": head.seq, "hash": head.hash, "recorded_at": rfc3339(head.recorded_at)}
    return answer({**document, "retention_days": int(config().require("audit_retention_days"))})


def _filter(request: Request) -> AuditFilter:
    query = Query(request, "limit", "cursor", *FILTERS)
    return AuditFilter(
        since=query.instant("since") or clock() - LAST,
        until=query.instant("until"),
        caller=query.name("caller"),
        role=role_in(query),
        type=query.word("type", TYPES),
        session=query.id("session"),
    )
