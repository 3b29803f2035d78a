"""The routes that are passed on: those of the contract, and nothing that only looks like one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
SHAPE = re.compile(r"/(mfa/)?v1(?:/(?:[A-Za-z0-9_+=,.@:~-]|%[0-9A-Fa-f]{2}){1,400}){1,5}", re.ASCII)
SEGMENT = re.compile(r"[A-Za-z0-9_+=,.@:/~-]{1,200}", re.ASCII)
QUERY = re.compile(r"[!-~]{0,4000}", re.ASCII)
PARAMETER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path of the contract, `{name}` for a parameter."""

    method: str
    parts: tuple[str, ...]

    def fits(self, method: str, parts: tuple[str, ...]) -> bool:
        """True if the request is one of this route."""
        return (method, len(parts)) == (self.method, len(self.parts)) and all(
            PARAMETER.fullmatch(own) or own == given for own, given in zip(self.parts, parts, strict=True)
        )


def routes_of(document: Any) -> tuple[Route, ...]:
    """The signed routes of an OpenAPI document; none where it is not one."""
    paths = document.get("paths") if isinstance(document, dict) else None
    return tuple(_routes(paths.items())) if isinstance(paths, dict) else ()


def _routes(paths: Iterable[tuple[str, Any]]) -> Iterable[Route]:
    for path, operations in paths:
        if path.startswith("/v1/") and isinstance(operations, dict):
            for method in METHODS & {name.upper() for name in operations}:
                yield Route(method, tuple(path.removeprefix("/v1/").split("/")))


def target(method: str, asked: str, routes: Iterable[Route]) -> str | None:
    """The path and query to send to the broker, written anew; None where it is no route of the contract."""
    path, _, query = asked.partition("?")
    shape = SHAPE.fullmatch(path)
    if method not in METHODS or not shape or not QUERY.fullmatch(query):
        return None
    mfa = shape.group(1) or ""
    parts = tuple(unquote(part) for part in path.removeprefix(f"/{mfa}v1/").split("/"))
    if not all(SEGMENT.fullmatch(part) and not _climbs(part) for part in parts):
        return None
    if not any(route.fits(method, parts) for route in routes):
        return None
    said = urlencode(parse_qsl(query, keep_blank_values=True), quote_via=quote)
    return f"/{mfa}v1/{'/'.join(quote(part, safe='') for part in parts)}{'?' if said else ''}{said}"


def _climbs(part: str) -> bool:
    return any(step in {"", ".", ".."} for step in part.split("/"))
