"""Sessions over HTTP: lists, single sessions and their AWS calls. docs/audit.md describes the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.access.handlers.role_filter import role_in
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.sessions import SessionFilter, State
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.paging import cursor_asked, next_cursor, page_asked, paged
from chalicelib.core.handlers.queries import Query
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring
from chalicelib.sessions.handlers.views import later_session_document

if TYPE_CHECKING:
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Session

blueprint = Blueprint(__name__)

FILTERS = ("caller", "role", "state", "since", "until", "review")
REVIEWS = ("open",)
NOTE = (
    "Management events of these regions only; CloudTrail shows a call about five minutes after it was made. "
    "What was done in another region is in that region's event history."
)
STATES: tuple[State, ...] = ("active", "expired", "revoked", "failed")


@blueprint.route("/v1/sessions", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def list_sessions() -> Response:
    """One page of sessions, newest first."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    limit, cursor = page_asked(request, who, *FILTERS)
    query = Query(request, "limit", "cursor", *FILTERS)
    page = _waiting(query, who) if query.word("review", REVIEWS) else _browsed(query, limit, cursor, who)
    now = clock()
    return answer(paged("sessions", page, request, who, lambda session: later_session_document(session, now)))


@blueprint.route("/v1/sessions/active", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def count_active() -> Response:
    """The number of active sessions."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    query = Query(request, "caller", "role")
    wanted = SessionFilter(caller=query.name("caller"), role=role_in(query))
    return answer({"active": wiring.session_browser().active(wanted, who)})


@blueprint.route("/v1/sessions/{session_id}", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_session(session_id: str) -> Response:
    """One session."""
    session = wiring.session_browser().one(session_id, authenticate(blueprint.current_request))
    return answer(later_session_document(session, clock()))


@blueprint.route("/v1/sessions/{session_id}/activity", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_activity(session_id: str) -> Response:
    """The session's AWS calls."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    Query(request, "cursor")  # refuses any other parameter
    cursor = cursor_asked(request, who)
    activity = wiring.activity()
    page = activity.page(session_id, cursor, who)
    return answer(
        {
            "session": session_id,
            "events": page.items,
            "next_cursor": next_cursor(page.cursor, request, who),
            "complete": page.cursor is None and not page.denied,
            "regions": activity.log.regions,
            "regions_denied": page.denied,
            "note": NOTE,
        },
    )


def _browsed(query: Query, limit: int, cursor: str | None, who: Origin) -> Page[Session]:
    return wiring.session_browser().page(_filter(query), limit, cursor, who)


def _waiting(query: Query, who: Origin) -> Page[Session]:
    """Break-glass sessions that the caller may sign off, all on one page."""
    if extra := next((name for name in FILTERS if name != "review" and query.text(name)), None):
        raise InvalidRequest("Open reviews have no further filter.", {extra: "leave it out beside review"})
    return Page(wiring.break_glass_review().waiting(who))


def _filter(query: Query) -> SessionFilter:
    return SessionFilter(
        caller=query.name("caller"),
        role=role_in(query),
        state=cast("State | None", query.word("state", STATES) or None),
        since=query.instant("since"),
        until=query.instant("until"),
    )
