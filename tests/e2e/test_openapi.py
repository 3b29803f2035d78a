"""The deployed API against its own description: schemathesis makes up calls, admin and alice sign them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.contract.openapi.document import text
from tests.e2e.auditing import profile_keys
from tests.e2e.door import send

if TYPE_CHECKING:
    from localaws.broker import Broker
    from tests.e2e.made_up_calls import Case

CHANGING = {"PUT", "POST", "DELETE"}

OPERATIONS = [(method.upper(), path) for path, one in json.loads(text())["paths"].items() for method in one]


@pytest.fixture(scope="module")
def described(broker: Broker) -> Broker:
    """The broker, once it has answered the very document that the calls are made from."""
    answer = send(f"{broker.broker_url}/openapi.json", "GET", b"", {})
    assert (answer.status, answer.document) == (200, json.loads(text()))
    return broker


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_every_answer_is_as_described(described: Broker, method: str, path: str) -> None:
    """Both make the same calls: it takes longer to make a call up than to send it."""
    # schemathesis takes half a second to import, and every process of a run collects this file.
    from tests.e2e.made_up_calls import call, each_call  # noqa: PLC0415

    def as_both(case: Case) -> None:
        _spare_what_other_tests_use(case)
        for who in ("admin", "alice"):
            call(case, described.broker_url, profile_keys(described, who), described.region)

    each_call(method, path, as_both)


def _spare_what_other_tests_use(case: Case) -> None:
    """Limit, not exclude: changes of users and roles go to names of this test's own.

    The broker is shared by all end-to-end tests, and the document's examples
    name ec2-full. Revocations stay as made up: they end earlier sessions only.
    """
    parameters: dict[str, Any] = case.path_parameters or {}
    if case.method.upper() in CHANGING and isinstance(name := parameters.get("name"), str):
        parameters["name"] = f"made-up-{name}"[:64]
