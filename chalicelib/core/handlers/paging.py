"""`limit` and `cursor` in, `next_cursor` out: the same for every list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.handlers.queries import parameters

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.core.domain.pages import Page

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_DIGITS = 3


def page_asked(request: Request, *filters: str) -> tuple[int, str | None]:
    """The page the query asks for; InvalidRequest on anything that is neither that nor one of `filters`."""
    query = parameters(request)
    unknown = sorted(set(query) - {"limit", "cursor", *filters})
    if unknown:
        raise InvalidRequest("Unknown query parameter.", {unknown[0]: "not a parameter of this list"})
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= MAX_DIGITS and 1 <= int(limit) <= MAX_LIMIT):
        raise InvalidRequest("The limit does not fit.", {"limit": f"a whole number from 1 to {MAX_LIMIT}"})
    return int(limit), query.get("cursor")


def paged(name: str, page: Page[Any]) -> dict[str, Any]:
    """The answer of a list."""
    return {name: page.items, "next_cursor": page.cursor}
