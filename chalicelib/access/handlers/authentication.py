"""The first step of every signed view: who asks, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from chalicelib.access.domain.facts import FactsChanged
from chalicelib.access.wiring import authentication
from chalicelib.core.handlers.edge import MAX_BODY_BYTES, UNDER_MFA, refuse_query, request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Request

    from chalicelib.core.domain.events import Origin

Result = TypeVar("Result")


def authenticate(request: Request, *, brokered: bool = False, reads_query: bool = False, role: str = "") -> Origin:
    """The verified caller and where the request comes from: the request context only, never body or headers.

    Every signed view calls it before it reads query or body, so that a caller
    that the broker does not serve is refused and on record, whatever was sent.
    `brokered` admits sessions that the broker issued. A query is refused,
    unless the view `reads_query` and refuses the parameters it does not know.
    The `role` that is asked for is read along with the caller.
    """
    identity = request.context.get("identity") or {}
    origin = authentication().authenticate(
        identity, request_id(request), brokered=brokered, role=role, mfa=proven_mfa(request)
    )
    if not reads_query:
        refuse_query(request)
    return origin


def proven_mfa(request: Request) -> bool:
    """True if the request matched a resource under /mfa: API Gateway lets only callers with recent MFA through there.

    The resource is the gateway's own word (`$context.resourcePath`), not the path or a header that the caller sent.
    The path has to be spelt like it as well, behind the stage or a custom domain's base path: the resource policy
    judges the path, so another spelling of it proves nothing.
    """
    resource, path = (str(request.context.get(name) or "") for name in ("resourcePath", "path"))
    return resource.startswith(UNDER_MFA) and UNDER_MFA.strip("/") in path.split("/")[1:3]


def guess(request: Request, role: str) -> tuple[Origin, Callable[[], object]]:
    """The same at once for a caller whom the container knows, and what confirms it before anything leaves."""
    identity = request.context.get("identity") or {}
    guessed = authentication().guess(identity, request_id(request), role, mfa=proven_mfa(request))
    refuse_query(request)
    return guessed


def on_a_guess(request: Request, role: str, act: Callable[[Origin, Callable[[], object]], Result]) -> Result:
    """The answer of `act` to the guess and its confirmation. After a wrong guess, once more on what was read meanwhile.

    The second time is confirmed as well: a suspension counts on it (access.services.recognition, READ_AGAIN).
    """
    try:
        return act(*guess(request, role))
    except FactsChanged:
        return act(*guess(request, role))


def role_asked_for(request: Request) -> str:
    """The role that a body names, if it is one: a hint of what to read, before the body is validated."""
    raw = cast("bytes", request.raw_body)
    if len(raw) > MAX_BODY_BYTES:
        return ""
    try:
        return msgspec.json.decode(raw, type=_Hint).role
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


class _Hint(msgspec.Struct):
    role: str = ""
