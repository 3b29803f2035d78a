"""One route: its parameters, body and answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"

ANYWHERE = (429, 500, 502, 504)
SIGNED = (400, 403, 422, 503)
"""400, whatever a route takes: an unknown query parameter is refused."""

WITH_BODY = (400, 413, 415)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    `answers` has the type of each status that is no problem; `errors` are the
    problems beyond those that every route of its kind may answer with.
    """

    id: str
    route: str
    summary: str
    answers: Mapping[int, Any]
    body: Any = None
    body_required: bool = True
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    signed: bool = True

    @property
    def method(self) -> str:
        """In capitals."""
        return self.route.split()[0]

    @property
    def path(self) -> str:
        """As Chalice and OpenAPI both write it."""
        return self.route.split()[1]

    @property
    def problems(self) -> list[int]:
        """Every status it may fail with, API Gateway's own included."""
        found = {*ANYWHERE, *self.errors}
        if self.signed:
            found.update(SIGNED)
        if self.body:
            found.update(WITH_BODY)
        return sorted(found)
