"""Calls that schemathesis makes up from the API's description, and what it wants of each answer."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, settings
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi import checks

from chalicelib.contract.openapi.document import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import ReadOnlyCredentials
    from requests import PreparedRequest

Case = schemathesis.Case[Any]

EXAMPLES = 4
"""Of each route, for each person: bounded, because every call is a Lambda function on two busy cores."""


def no_permission_is_missing(_context: object, response: Any, _case: object) -> None:
    """Moto allows every call. Here a function whose policy file lacks what a route needs is refused by IAM."""
    aws_code = response.json().get("aws_code", "")
    assert not aws_code.startswith("AccessDenied"), f"AWS refused the broker's own call: {aws_code}"


CHECKS = [
    not_a_server_error,
    no_permission_is_missing,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


class Signature(AuthBase):
    """SigV4 for execute-api, over the request as it leaves."""

    def __init__(self, keys: ReadOnlyCredentials, region: str) -> None:
        self._signer = SigV4Auth(keys, "execute-api", region)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        unsigned = AWSRequest(request.method, request.url, data=request.body or b"")
        self._signer.add_auth(unsigned)
        request.headers.update(dict(unsigned.headers))
        return request


@cache
def api() -> Any:
    """The document, as schemathesis reads it."""
    return schemathesis.openapi.from_dict(json.loads(text()))


def each_call(method: str, path: str, check: Callable[[Case], None]) -> None:
    """`check` with every call that is made up for one operation.

    `@api.parametrize()` does the same, but makes the calls of all operations up while pytest collects: two seconds in
    every process of a run.
    """
    build_operation_test(
        config=api().config,
        operation=api()[path][method],
        test_func=settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))(check),
        given_kwargs={},
        feedback=FeedbackSources(),
    )()


def call(case: Case, url: str, keys: ReadOnlyCredentials, region: str) -> None:
    """Send it with this signature; the answer passes every check."""
    case.call_and_validate(base_url=url, auth=Signature(keys, region), checks=CHECKS, timeout=60)
