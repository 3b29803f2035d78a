"""Failures of every route: our problem documents, and API Gateway's own answers."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.contract.answers.forms import SCHEMAS
from chalicelib.contract.openapi.operations import JSON
from chalicelib.core.domain import errors
from chalicelib.core.handlers.edge import (
    RETRY_AFTER_SECONDS,
    STATUS,
    TRY_AGAIN,
    BodyTooLarge,
    UnsupportedMediaType,
    problem,
)

REQUEST = "f4a1f0a6-5c2b-4e0e-9d7e-0c6b1a0f2d3e"

DEVICE = "arn:aws:iam::123456789012:mfa/bob"


def _mfa_required() -> errors.MfaRequired:
    asks = f"Rule approvers-decide-production asks for MFA. Your device is {DEVICE}."
    error = errors.MfaRequired(
        f"{asks} Repeat the command with its code: --mfa-code CODE.", ("approvers-decide-production",)
    )
    error.devices = (DEVICE,)
    return error


INSTANCES: tuple[errors.BrokerError, ...] = (
    errors.InvalidRequest(
        "duration_seconds does not fit; see fields.", {"duration_seconds": "at least 900 seconds (15m)"}
    ),
    errors.Refused("Only Group engineers may take ec2-full.", ("engineers-standing",)),
    errors.ApprovalRequired("One approval is needed: broker request prod-ec2.", ("production-by-approval",)),
    errors.ReasonRequired("Say why: this role is given with a reason only.", ("contractors-by-day",)),
    _mfa_required(),
    errors.NoSuchRole(),
    errors.Conflict("Another change of this role is under way. Try again in a moment."),
    BodyTooLarge("The body may have 65536 bytes."),
    UnsupportedMediaType("Send the body as application/json."),
    errors.RefusedByAws("AWS refused to assume the role.", "AccessDenied"),
    errors.TooManyRequests("AWS asks for fewer calls. Try again in a moment."),
    errors.AuditUnavailable("The session could not be recorded, so no credentials were handed out."),
    errors.AwsUnavailable("AWS did not answer in time. Try again."),
    errors.BrokerError("Something broke in the broker. Try again."),
)
"""One of each code; their documents are the examples."""

WHEN = {
    400: "The input is at fault: `fields` says where, and what was expected.",
    403: "Refused: no rule allows it, or the one that would wants an approval, a reason or MFA.",
    404: "There is no such thing, or the caller may not know that there is.",
    409: "Another change was faster, or the thing is in another state.",
    413: "The body is too large.",
    415: "The body is not JSON by its content type.",
    422: "AWS refused what the broker had decided to do: `aws_code` is its code.",
    429: "AWS asks for fewer calls, or API Gateway for fewer requests: try again after `Retry-After` seconds.",
    500: "Something broke. Try again; quote `request_id` if it stays.",
    502: "The function behind API Gateway failed.",
    503: "The record could not be written, or AWS is unavailable: try again after `Retry-After` seconds.",
    504: "The function did not answer in 29 seconds. A change may be under way.",
}

GATEWAY = {
    400: "Bad Request",
    403: "Missing Authentication Token",
    413: "Request Too Long",
    429: "Too Many Requests",
    500: "Internal server error",
    502: "Internal server error",
    504: "Endpoint request timed out",
}
"""Its own words (API Gateway developer guide, "gateway response types"): bad signatures and throttling among them."""

GATEWAY_SCHEMA: dict[str, Any] = {
    "title": "GatewayProblem",
    "description": "What API Gateway answers before, or instead of, the broker.",
    "type": "object",
    "properties": {"message": {"type": "string"}, "Message": {"type": "string"}},
    "minProperties": 1,
}

RETRY_AFTER = {"description": "Seconds to wait", "schema": {"type": "integer"}, "example": RETRY_AFTER_SECONDS}


def reference(status: int) -> dict[str, str]:
    """The shared answer for a status."""
    return {"$ref": f"#/components/responses/Problem{status}"}


def responses() -> dict[str, Any]:
    """Every shared answer, by name."""
    return {f"Problem{status}": _response(status) for status in WHEN}


def _response(status: int) -> dict[str, Any]:
    content = _ours(status)
    if status in GATEWAY:
        schema = {"$ref": f"{SCHEMAS}GatewayProblem"}
        content[JSON] = {"schema": schema, "example": {"message": GATEWAY[status]}}
    shown = {"description": WHEN[status], "content": content}
    return {**shown, "headers": {"Retry-After": RETRY_AFTER}} if status in TRY_AGAIN else shown


def _ours(status: int) -> dict[str, Any]:
    """The media type of our problems, its codes for this status and an example of each."""
    fitting = [error for error in INSTANCES if STATUS.get(error.code, 500) == status]
    if not fitting:
        return {}
    codes = {"properties": {"status": {"const": status}, "code": {"enum": [error.code for error in fitting]}}}
    examples = {error.code: {"value": json.loads(problem(error, REQUEST).body)} for error in fitting}
    return {"application/problem+json": {"schema": {"$ref": f"{SCHEMAS}Problem", **codes}, "examples": examples}}
