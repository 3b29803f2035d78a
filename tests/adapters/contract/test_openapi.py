"""The API's own description: it is valid, it is whole, and it cannot drift from the app.

That answers fit it is checked with every call of the adapter tests (described.py).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from access_broker import __version__
from chalicelib.contract.openapi.document import description, operations
from chalicelib.contract.openapi.examples import ANSWERS, BODIES, OF
from chalicelib.contract.openapi.parameters import EXAMPLES
from chalicelib.contract.openapi.problems import INSTANCES
from chalicelib.core.domain.errors import BrokerError
from chalicelib.core.handlers.edge import STATUS
from tests.adapters import described

SLACKS_OWN = {f"POST {path}" for path in described.SLACKS_OWN}

LOADED = """
import sys
import app
print([name for name in sys.modules if name.startswith(("chalicelib.contract.openapi", "chalicelib.contract.answers"))])
"""


def routes(app: Any) -> dict[str, bool]:
    """Every route of the app, and whether it must be signed. Those under /mfa are the signed ones once more."""
    return {
        f"{method} {path}": entry.authorizer is not None
        for path, methods in app.routes.items()
        for method, entry in methods.items()
        if not path.startswith("/mfa/")
    }


def test_the_document_has_the_routes_of_the_app_and_no_others(account) -> None:
    from app import app  # noqa: PLC0415  needs the environment of `account`

    assert {operation.route: operation.signed for operation in operations()} == {
        route: signed for route, signed in routes(app).items() if route not in SLACKS_OWN
    }


def test_every_signed_route_stands_under_mfa_too_and_no_other(account) -> None:
    from app import app  # noqa: PLC0415  needs the environment of `account`

    under_mfa = {path.removeprefix("/mfa"): methods for path, methods in app.routes.items() if path.startswith("/mfa/")}
    assert under_mfa == {path: methods for path, methods in app.routes.items() if path.startswith("/v1/")}
    assert all(entry.authorizer for methods in under_mfa.values() for entry in methods.values())


def test_every_body_and_answer_has_an_example() -> None:
    kinds = [kind for one in operations() for kind in (one.body, *one.answers.values())]
    assert [kind.__name__ for kind in kinds if isinstance(kind, type) and kind not in (*OF, dict)] == []


def test_the_document_is_valid_openapi_3_1() -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(described.DOCUMENT).iter_errors()] == []


def test_everybody_may_read_the_document_and_caches_may_keep_it(call) -> None:
    status, document, headers = call("GET", "/openapi.json")
    assert (status, document) == (200, described.DOCUMENT)
    assert headers["Cache-Control"] == "public, max-age=300"


def test_no_other_request_pays_for_the_document() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_operation_has_an_id_of_its_own_and_one_sentence() -> None:
    ids = [operation.id for operation in operations()]
    assert sorted(set(ids)) == sorted(ids)
    assert [one.summary for one in operations() if not one.summary.endswith(".") or ". " in one.summary] == []


@pytest.mark.parametrize(
    ("kind", "example"), list((BODIES | ANSWERS).items()), ids=lambda value: getattr(value, "__name__", "")
)
def test_every_example_fits_its_own_schema(kind: Any, example: object) -> None:
    described.fits({"$ref": f"#/components/schemas/{kind.__name__}"}, example)


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
def test_every_body_says_that_unknown_fields_are_refused(kind: Any) -> None:
    assert described.DOCUMENT["components"]["schemas"][kind.__name__]["additionalProperties"] is False


def test_every_error_code_is_documented_with_its_status_and_an_example() -> None:
    documented = {}
    for response in described.DOCUMENT["components"]["responses"].values():
        for media in response["content"].values():
            for code, example in media.get("examples", {}).items():
                described.fits(media["schema"], example["value"])
                documented[code] = example["value"]["status"]
    assert documented == STATUS | {"internal_error": 500}
    assert len(documented) == len(INSTANCES)


OF_A_QUEUE = "not_delivered"
"""Raised to a queue, which tries again; no request is answered with it."""


def kinds(error: type[BrokerError]) -> set[type[BrokerError]]:
    return {error}.union(*map(kinds, error.__subclasses__()))


def test_every_error_has_a_code_that_has_a_status() -> None:
    found = {kind.code for kind in kinds(BrokerError) if kind.__module__.startswith("chalicelib.")}
    assert found - {"internal_error", OF_A_QUEUE} <= set(STATUS)


@pytest.mark.parametrize("operation", [one for one in operations() if one.signed], ids=lambda one: one.id)
def test_a_query_parameter_the_document_does_not_have_is_refused(call, alice, operation, monkeypatch) -> None:
    for name in ("PROVISION_FUNCTION", "AUDIT_LOG_GROUP", "CLEANUP_FUNCTION"):
        monkeypatch.setenv(f"BROKER_{name}", "never asked")
    path = re.sub(r"{(\w+)}", lambda found: EXAMPLES[found[1]], operation.path)
    body = BODIES.get(operation.body)
    status, document, _ = call(operation.method, path, alice, body, query={"surprise": "1"})
    assert (status, list(document["fields"])) == (400, ["surprise"])


@pytest.mark.parametrize(
    ("status", "content_type", "document"),
    [
        (200, "application/json", {"active": 1, "surprise": 1}),
        (200, "application/json", {}),
        (200, "application/json", {"active": "1"}),
        (200, "text/plain", {"active": 1}),
        (418, "application/json", {"active": 1}),
    ],
)
def test_an_answer_that_the_document_does_not_describe_is_noticed(
    status: int, content_type: str, document: Any
) -> None:
    described.check_answer("GET", "/v1/sessions/active", 200, "application/json", {"active": 1})
    with pytest.raises(AssertionError):
        described.check_answer("GET", "/v1/sessions/active", status, content_type, document)


def test_descriptions_are_the_same_in_every_python() -> None:
    """Python 3.13 drops the indentation of docstrings: without care the package had other bytes there."""
    described = json.dumps(description())
    assert "\\n    " not in described


def test_the_document_names_the_release() -> None:
    assert description()["info"]["x-release"] == __version__
