"""The edge of the HTTP API: verified callers in, JSON and RFC 9457 problems out."""

from __future__ import annotations

import functools
import json
import logging
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote

import msgspec
from chalice.app import IAMAuthorizer, Response

from chalicelib.core.domain.errors import BrokerError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalice.app import Blueprint, Request


SIGNED = IAMAuthorizer()
"""Every route below /v1: API Gateway checks the SigV4 signature before we run."""

UNDER_MFA = "/mfa/"
"""Under it stands every signed route once more. There the resource policy of the API demands recent MFA
(policies/api-gateway.json)."""

ANY_TYPE: list[str] = []
"""For routes with a body: `body` checks the type, Chalice's own 415 is no problem document."""

STATUS = {
    "invalid_request": 400,
    "not_allowed": 403,
    "approval_required": 403,
    "reason_required": 403,
    "mfa_required": 403,
    "not_found": 404,
    "conflict": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "refused_by_aws": 422,
    "too_many_requests": 429,
    "audit_unavailable": 503,
    "aws_unavailable": 503,
}
"""The one table from error code to HTTP status (docs/api.md)."""

TRY_AGAIN = frozenset({429, 503})
RETRY_AFTER_SECONDS = 5
MAX_BODY_BYTES = 64 * 1024
MAX_LEVELS = 32
"""No body of ours needs ten. Deeper ones end in RecursionError, wherever JSON is next written or walked."""

STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A string of JSON, or what is left where one does not end. It never goes back: the time is linear in the body."""

STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

logger = logging.getLogger("access-broker")

Body = TypeVar("Body", bound=msgspec.Struct)


class BodyTooLarge(BrokerError):
    """More than the API takes."""

    code = "body_too_large"


class UnsupportedMediaType(BrokerError):
    """Not JSON."""

    code = "unsupported_media_type"


def answering(blueprint: Blueprint) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Turn what a view raises into a problem. Stands below `@route`.

    Chalice makes every exception of a view a plain 500 before any HTTP
    middleware sees it, so the translation has to happen in here.
    """

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @functools.wraps(view)
        def answer(**path: str) -> Response:
            request = blueprint.current_request
            try:
                return view(**{name: unquote(value) for name, value in path.items()})
            except BrokerError as error:
                return problem(error, request_id(request))
            except Exception as error:
                # Type and place only: a message may quote what must not be logged.
                told = (type(error).__name__, view.__name__, request_id(request))
                logger.error("unexpected %s in %s, request %s", *told)  # noqa: TRY400
                return problem(BrokerError("Something broke in the broker. Try again."), request_id(request))

        return answer

    return decorate


def problem(error: BrokerError, request: str) -> Response:
    """RFC 9457 `application/problem+json` with the members of docs/api.md."""
    status = STATUS.get(error.code, 500)
    document: dict[str, Any] = {
        "type": f"urn:access-broker:problem:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request,
    }
    for member in ("fields", "aws_code", "policies", "devices"):
        if value := getattr(error, member, None):
            document[member] = value
    headers: dict[str, str | list[str]] = {**PRIVATE, "Content-Type": "application/problem+json"}
    if status in TRY_AGAIN:
        headers["Retry-After"] = str(getattr(error, "retry_after", 0) or RETRY_AFTER_SECONDS)
    return Response(json.dumps(document), headers, status)


def answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that no cache keeps."""
    body = msgspec.json.encode(document).decode()
    return Response(body, {**PRIVATE, "Content-Type": "application/json", **(headers or {})}, status)


def refuse_query(request: Request) -> None:
    """InvalidRequest if there is a query: `?dry_run=true` must not delete on a route that reads none."""
    if request.query_params:
        raise InvalidRequest("Unknown query parameter.", {min(request.query_params): "this route takes none"})


def refuse_body(request: Request) -> None:
    """InvalidRequest if there is a body with members: `{"user": "bob"}` must not act on the caller instead."""
    if cast("bytes", request.raw_body).strip() not in {b"", b"{}"}:
        raise InvalidRequest("This route takes no body.", {"body": "leave it out"})


def request_id(request: Request) -> str:
    """API Gateway's request id, as in its own logs."""
    return str(request.context.get("requestId") or "")


def body(request: Request, kind: type[Body]) -> Body:
    """The validated body; InvalidRequest names the field and what was expected."""
    raw = cast("bytes", request.raw_body)
    if len(raw) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"The body may have {MAX_BODY_BYTES} bytes.")
    if str(request.headers.get("content-type") or "").split(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    if _levels(raw) > MAX_LEVELS:
        raise InvalidRequest("The body is nested too deep.", {"body": f"at most {MAX_LEVELS} levels"})
    try:
        decoded = msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _unfit(str(error), kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest("The body is not JSON.", {"body": str(error)}) from None
    json.loads(raw, object_pairs_hook=_keys_once, parse_int=str, parse_float=str)
    return decoded


def _keys_once(pairs: list[tuple[str, object]]) -> None:
    """InvalidRequest for an object that has a key twice: two parsers may disagree about what was asked."""
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidRequest("The body has a key twice.", {twice: "at most once in an object"})


def _levels(raw: bytes) -> int:
    """How deep objects and lists stand in one another, at the most; what strings hold does not count."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_LEVELS:
        return 0
    return max(accumulate(STEPS.get(byte, 0) for byte in STRING.sub(b"", raw)), default=0)


def _unfit(message: str, kind: type) -> InvalidRequest:
    """The failure for a message of msgspec: the field, and in words what was expected of it."""
    from chalicelib.core.handlers.expectations import in_words  # noqa: PLC0415  most bodies fit

    expected, _, place = message.partition(" - at `$")
    outer, named = place.rstrip("`").lstrip("."), _named(expected)
    field = ".".join(filter(None, (outer, named))) or "body"
    return InvalidRequest(f"{field} does not fit; see fields.", {field: in_words(expected, field, kind)})


def _named(message: str) -> str:
    """The field that msgspec names inside its sentence (missing and unknown ones)."""
    return message.partition(" field `")[2].partition("`")[0]
