"""Applies the rules of this folder to every call of a method with the AWS_IAM authorizer."""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import apigateway_v1

from localaws.parity.gateway import credential_scope, one_signature, signed_date, signed_headers, signed_payload
from localaws.parity.gateway.signed_call import SignedCall
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.parity.gateway.signed_call import Problem

RULES = (one_signature, signed_date, credential_scope, signed_headers, signed_payload)


class Arrival(NamedTuple):
    """A call as ministack passes it on to be authorized."""

    api: str
    stage: str
    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, list[str]]


def enforce_execute_api(original: Callable[..., Any], *call: Any, **more: Any) -> Any:
    """The error of the gateway when the call breaks a rule; else the decision of ministack."""
    arrival = Arrival(*call)
    problem = _problem(arrival)
    if problem is None:
        return original(*call, **more)
    error = iam_evaluator.AuthError(*problem)
    return apigateway_v1.authentication_error_response(
        arrival.api, arrival.stage, error, arrival.headers, arrival.query
    )


def _problem(arrival: Arrival) -> Problem | None:
    scope = apigateway_v1.find_api_scope(arrival.api)
    signed = iam_evaluator._signed_request.get()
    if not scope or not signed or app._execute_api_authorization_type(*arrival[:4]) != "AWS_IAM":
        return None
    return first_problem(SignedCall(signed.headers, signed.query_params, signed.body, scope[1]))


def first_problem(call: SignedCall) -> Problem | None:
    """The error of the first rule that the call breaks."""
    return next(filter(None, (rule.problem(call) for rule in RULES)), None)


def install() -> None:
    """Look at a call before ministack does."""
    around(app, "_enforce_execute_api", enforce_execute_api)
