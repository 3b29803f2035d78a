"""Filters in a query string: each validated, the field named where one does not fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.ids import FORM
from chalicelib.core.domain.times import from_rfc3339

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from chalice.app import Request

NAME = re.compile(r"[\w+=,.@/:-]{1,129}", re.ASCII)
"""IAM names, ROLE/SESSION for callers that are sessions, and ACCOUNT:ROLE."""


def parameters(request: Request) -> dict[str, str]:
    """The query parameters; InvalidRequest for one that is given twice: another parser may take the other value."""
    query = request.query_params
    if not query:
        return {}
    if twice := next((name for name in query if len(query.getlist(name)) > 1), None):
        raise InvalidRequest("A query parameter is given twice.", {twice: "at most once"})
    return dict(query)


class Query:
    """The query parameters of one request."""

    def __init__(self, request: Request, *known: str) -> None:
        self._values: dict[str, str] = parameters(request)
        unknown = sorted(set(self._values) - set(known))
        if unknown:
            raise InvalidRequest("Unknown query parameter.", {unknown[0]: f"known are {', '.join(sorted(known))}"})

    def text(self, name: str) -> str:
        """Any text, or ""."""
        return self._values.get(name, "")

    def name(self, name: str) -> str:
        """The name of a caller or role, or ""."""
        value = self.text(name)
        if value and not NAME.fullmatch(value):
            raise InvalidRequest("A name does not fit.", {name: "letters, digits and +=,.@/:_- only"})
        return value

    def id(self, name: str) -> str:
        """One of our ids, or ""."""
        value = self.text(name)
        if value and not FORM.fullmatch(value):
            raise InvalidRequest("An id does not fit.", {name: "26 characters, as the broker gave it out"})
        return value

    def word(self, name: str, words: Collection[str]) -> str:
        """One of `words`, or ""."""
        value = self.text(name)
        if value and value not in words:
            raise InvalidRequest("A word does not fit.", {name: f"one of {', '.join(sorted(words))}"})
        return value

    def instant(self, name: str) -> datetime | None:
        """An instant with an offset, or None."""
        value = self.text(name)
        try:
            return from_rfc3339(value) if value else None
        except ValueError:
            raise InvalidRequest("A time does not fit.", {name: "RFC 3339, as in 2026-01-31T09:00:00Z"}) from None
