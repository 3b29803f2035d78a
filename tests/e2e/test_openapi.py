"""The deployed API against its own description: schemathesis makes up calls, admin and alice sign them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, settings
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from chalicelib.contract.openapi.document import text
from tests.e2e.auditing import profile_keys
from tests.e2e.door import send

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from requests import PreparedRequest

    from localaws.broker import Broker

pytest_plugins = ["schemathesis.pytest.plugin"]
"""Loaded here: pyproject.toml keeps it out of every other run."""

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

CHANGING = {"PUT", "POST", "DELETE"}

api = schemathesis.openapi.from_dict(json.loads(text()))


class Signature(AuthBase):
    """SigV4 for execute-api, over the request as it leaves."""

    def __init__(self, keys: ReadOnlyCredentials, region: str) -> None:
        self._signer = SigV4Auth(keys, "execute-api", region)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        unsigned = AWSRequest(request.method, request.url, data=request.body or b"")
        self._signer.add_auth(unsigned)
        request.headers.update(dict(unsigned.headers))
        return request


@pytest.fixture(scope="module")
def described(broker: Broker) -> Broker:
    """The broker, once it has answered the very document that the calls are made from."""
    answer = send(f"{broker.broker_url}/openapi.json", "GET", b"", {})
    assert (answer.status, answer.document) == (200, json.loads(text()))
    return broker


@api.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: schemathesis.Case[Any], described: Broker) -> None:
    """Both make the same calls: it takes longer to make a call up than to send it."""
    _spare_what_other_tests_use(case)
    for who in ("admin", "alice"):
        signature = Signature(profile_keys(described, who), described.region)
        case.call_and_validate(base_url=described.broker_url, auth=signature, checks=CHECKS, timeout=60)


def _spare_what_other_tests_use(case: schemathesis.Case[Any]) -> None:
    """Limit, not exclude: changes of users and roles go to names of this test's own.

    The broker is shared by all end-to-end tests, and the document's examples
    name ec2-full. Revocations stay as made up: they end earlier sessions only.
    """
    parameters: dict[str, Any] = case.path_parameters or {}
    if case.method.upper() in CHANGING and isinstance(name := parameters.get("name"), str):
        parameters["name"] = f"made-up-{name}"[:64]
