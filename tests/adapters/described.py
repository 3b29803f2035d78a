"""Holds what the API answers to /openapi.json, so that code and document cannot drift apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from chalicelib.contract.openapi.document import text

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCUMENT: dict[str, Any] = json.loads(text())


def strict(node: Any) -> Any:
    """The same schemas, where no object has a member that they do not name."""
    if isinstance(node, list):
        return [strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {"additionalProperties": False} if node.get("type") == "object" and "properties" in node else {}
    return closed | {name: strict(value) for name, value in node.items()}


STRICT = strict(DOCUMENT["components"])


def fits(schema: Mapping[str, Any], document: object) -> None:
    """AssertionError unless the document is exactly what the schema says."""
    errors = Draft202012Validator({**schema, "components": STRICT}).iter_errors(document)
    assert not (found := [f"{error.json_path}: {error.message}" for error in errors]), found


SLACKS_OWN = ("/chat/slack/commands", "/chat/slack/interactions")
"""Routes of Slack's protocol (docs/chat.md), which nobody else can speak: no part of this API's description."""


def operation(method: str, route: str) -> Mapping[str, Any]:
    """What the document says about a route."""
    methods: Mapping[str, Any] = DOCUMENT["paths"].get(route.removeprefix("/mfa"), {})
    assert method.lower() in methods, f"{method} {route} has no Operation in chalicelib/contract/openapi"
    found: Mapping[str, Any] = methods[method.lower()]
    return found


def check_answer(method: str, route: str, status: int, content_type: str, document: object) -> None:
    """AssertionError unless the document has this status with this content type, and the answer fits."""
    responses = operation(method, route)["responses"]
    assert str(status) in responses, f"{method} {route} answered {status}, which /openapi.json does not know"
    response = responses[str(status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    assert content_type in response["content"], f"{method} {route} answered {status} as {content_type}"
    fits(strict(response["content"][content_type]["schema"]), document)


def check_request(method: str, route: str, body: object) -> None:
    """AssertionError unless the document lets this body in: the code did. Routes without a body read none."""
    if described := operation(method, route).get("requestBody"):
        fits(strict(described["content"]["application/json"]["schema"]), body)
