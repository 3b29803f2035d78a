"""`limit` and `cursor` in, `next_cursor` out: the same for every list.

Cursors leave sealed, for the caller and the list that they were made for: a
caller can neither read in one which session of others comes next, nor make
one, nor use another caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.sealed_text import sealed, unsealed
from chalicelib.core.handlers.queries import parameters
from chalicelib.core.wiring import cursor_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Request

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.pages import Page

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_DIGITS = 3

LONGEST = 8192
"""Characters of a sealed cursor; AWS's own tokens, which some carry, have about a thousand."""


def page_asked(request: Request, who: Origin, *filters: str) -> tuple[int, str | None]:
    """The page the query asks for; InvalidRequest on anything that is neither that nor one of `filters`."""
    query = parameters(request)
    unknown = sorted(set(query) - {"limit", "cursor", *filters})
    if unknown:
        raise InvalidRequest("Unknown query parameter.", {unknown[0]: "not a parameter of this list"})
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= MAX_DIGITS and 1 <= int(limit) <= MAX_LIMIT):
        raise InvalidRequest("The limit does not fit.", {"limit": f"a whole number from 1 to {MAX_LIMIT}"})
    return int(limit), cursor_asked(request, who)


def cursor_asked(request: Request, who: Origin) -> str | None:
    """The cursor that this list gave this caller; InvalidRequest for any other."""
    seal = parameters(request).get("cursor")
    if not seal:
        return None
    cursor = unsealed(seal, cursor_key(), _use(request, who)) if len(seal) <= LONGEST else None
    if cursor is None:
        raise InvalidRequest("The cursor is not one this list gave you.", {"cursor": "use next_cursor as it came"})
    return cursor


def next_cursor(cursor: str | None, request: Request, who: Origin) -> str | None:
    """The cursor as it leaves."""
    return sealed(cursor, cursor_key(), _use(request, who)) if cursor else None


def paged(
    name: str, page: Page[Any], request: Request, who: Origin, document: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """The answer of a list; `document` says how an item is shown, if not as it is."""
    items = [document(item) for item in page.items] if document else page.items
    return {name: items, "next_cursor": next_cursor(page.cursor, request, who)}


def _use(request: Request, who: Origin) -> str:
    """The one list and the one caller: a recreated namesake is another one."""
    return f"{request.path} {sorted((request.uri_params or {}).items())} {who.caller.arn} {who.caller.unique_id}"
