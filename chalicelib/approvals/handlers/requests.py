"""Asking and approving over HTTP. docs/approvals.md describes the answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.access.handlers.role_filter import role_in
from chalicelib.approvals import wiring
from chalicelib.approvals.domain.requests import STATES, RequestFilter, State
from chalicelib.approvals.handlers.bodies import CommentBody, RequestBody
from chalicelib.approvals.handlers.views import request_document
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.visible_text import visible_text
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.handlers.paging import page_asked, paged
from chalicelib.core.handlers.queries import Query
from chalicelib.core.wiring import clock

if TYPE_CHECKING:
    from chalice.app import Request as HttpRequest

    from chalicelib.approvals.domain.requests import Request, Word

blueprint = Blueprint(__name__)

FILTERS = ("state", "role", "caller")
KEY = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
"""Idempotency-Key: any visible ASCII."""


@blueprint.route("/v1/requests", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def file_request() -> Response:
    """File a request."""
    request = blueprint.current_request
    who = authenticate(request)
    wanted = body(request, RequestBody).ask(_idempotency_key(request))
    return _shown(wiring.request_filing().file(wanted, who), 201)


@blueprint.route("/v1/requests", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def list_requests() -> Response:
    """One page of requests, newest first."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    limit, cursor = page_asked(request, who, *FILTERS)
    query = Query(request, "limit", "cursor", *FILTERS)
    browser = wiring.request_browser()
    page = browser.page(_filter(query), limit, cursor, who)
    now = clock()
    shown = paged(
        "requests", page, request, who, lambda one: request_document(one, now, browser.lasting_grant(one, now))
    )
    return answer(shown)


@blueprint.route("/v1/requests/{request_id}", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_request(request_id: str) -> Response:
    """One request."""
    return _shown(wiring.request_browser().one(request_id, authenticate(blueprint.current_request)))


@blueprint.route("/v1/requests/{request_id}/approve", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def approve(request_id: str) -> Response:
    """Agree to a request."""
    return _decided(request_id, "approve")


@blueprint.route("/v1/requests/{request_id}/deny", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def deny(request_id: str) -> Response:
    """Refuse a request."""
    return _decided(request_id, "deny")


@blueprint.route("/v1/requests/{request_id}/cancel", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def cancel(request_id: str) -> Response:
    """Take back a request of one's own."""
    request = blueprint.current_request
    who = authenticate(request)
    return _shown(wiring.request_decisions().cancel(request_id, comment_in(request), who))


def _decided(request_id: str, word: Word) -> Response:
    request = blueprint.current_request
    who = authenticate(request)
    return _shown(wiring.request_decisions().record_decision(request_id, word, comment_in(request), who))


def comment_in(request: HttpRequest) -> str:
    """The comment in a body that may be missing."""
    return visible_text(body(request, CommentBody).comment) if request.raw_body else ""


def _shown(request: Request, status: int = 200) -> Response:
    """The request with its grant; while it waits, with those who could approve it."""
    now, grant = clock(), wiring.request_browser().grant(request)
    waits = request.state_at(now) == "pending"
    eligible = wiring.eligible_approvers().of(request) if waits else None
    return answer(request_document(request, now, grant, eligible), status)


def _idempotency_key(request: HttpRequest) -> str:
    key = str(request.headers.get("idempotency-key") or "")
    if key and not KEY.fullmatch(key):
        raise InvalidRequest("The key does not fit.", {"Idempotency-Key": "1 to 128 visible ASCII characters"})
    return key


def _filter(query: Query) -> RequestFilter:
    state = cast("State | None", query.word("state", STATES) or None)
    return RequestFilter(query.name("caller"), role_in(query), state)
