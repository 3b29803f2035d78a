"""API Gateway matches a path segment by segment, as it was sent.

An encoded slash does not separate segments, and an empty segment counts, so
that `//v1/roles` and `/v1%2Froles` are not `/v1/roles`. A slash at the end
changes nothing. A path that matches no resource is answered like this:
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
("MISSING_AUTHENTICATION_TOKEN")

ministack decodes the whole path first and drops empty segments. A policy that
names a path would then judge one path, and another one would be served.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ministack import app
from ministack.services import apigateway_v1

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

_sent: ContextVar[list[str] | None] = ContextVar("segments_as_sent", default=None)


async def handle(original: Callable[..., Any], host: str, *call: Any, raw_path: str | None = None, **more: Any) -> Any:
    """One call of an API, with the segments that were sent kept for the match."""
    parsed = app._parse_execute_api_url(host, raw_path or call[0])
    told = _sent.set(segments(parsed[2]) if parsed else None)
    try:
        return await original(host, *call, raw_path=raw_path, **more)
    finally:
        _sent.reset(told)


def segments(raw_path: str) -> list[str]:
    """The path split at its slashes, each part decoded."""
    parts = [unquote(part) for part in raw_path.split("/")[1:]]
    return parts[:-1] if parts[-1:] == [""] else parts


def match(original: Callable[..., Any], api: str, decoded: list[str], *more: Any) -> Any:
    """The resource of the segments that were sent. ministack passes them in `decoded`, without the empty ones."""
    sent = _sent.get()
    return original(api, decoded if sent is None else sent, *more)


def install() -> None:
    """Match what was sent."""
    around(app, "_handle_execute_api_request", handle)
    around(apigateway_v1, "_match_resource_tree", match)
    around(apigateway_v1, "_match_greedy_fallback", match)
