"""The document: tables in, OpenAPI 3.1 out."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import is_dataclass
from functools import cache
from typing import Any

import msgspec

from chalicelib.contract.answers.forms import SCHEMAS
from chalicelib.contract.answers.problems import Problem
from chalicelib.contract.answers.records import AuditLine, UnreadableLine
from chalicelib.contract.openapi import (
    access,
    accounts,
    approvals,
    directory,
    examples,
    insight,
    problems,
    provisioning,
    public,
    records,
)
from chalicelib.contract.openapi.operations import JSON, Operation
from chalicelib.contract.openapi.parameters import EXAMPLES, IN_PATHS
from chalicelib.explain.domain.layers import Layer
from chalicelib.insight.domain.usage import AccessedAction, AccessedService, ActionUse, LastAccessed
from chalicelib.insight.services.role_usage import UnusedActions
from chalicelib.provisioning.domain.role_state import RoleChange
from chalicelib.sessions.domain.activity import Call

TABLES = {
    "Access": access.OPERATIONS,
    "Approvals": approvals.OPERATIONS,
    "Records": records.OPERATIONS,
    "Accounts": accounts.OPERATIONS,
    "Directory": directory.OPERATIONS,
    "Provisioning": provisioning.OPERATIONS,
    "Insight": insight.OPERATIONS,
    "Public": public.OPERATIONS,
}

NAMED: tuple[Any, ...] = (
    Problem, AuditLine, UnreadableLine, Call, RoleChange, Layer, ActionUse, UnusedActions, LastAccessed,
    AccessedService, AccessedAction,
)  # fmt: skip
"""Types of parts of answers; those of whole bodies and answers are in `examples.OF`."""

RELEASE = "0.1.0"
"""The product's version, as `access_broker.__version__` has it: packaging has no client beside it."""

INFO = {
    "title": "access-broker",
    "version": "1",
    "x-release": RELEASE,
    "summary": "Short-lived AWS credentials for people and programs that hold no standing permissions.",
    "description": "Times are RFC 3339 in UTC, durations whole seconds. "
    "Fields and query parameters that are not known are refused. "
    "Every signed path also stands under /mfa (/mfa/v1/...), for callers whose credentials carry recent MFA: "
    "send a request there if its answer is mfa_required.",
}

SIGV4 = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "AWS Signature Version 4, service `execute-api`, with the keys of an IAM user or a role session.",
    "x-amazon-apigateway-authtype": "awsSigv4",  # how API Gateway itself writes IAM authorization
}


@cache
def text() -> str:
    """The document as JSON, made once; packaging writes it down (lambda_package/tables.py)."""
    return json.dumps(description(), separators=(",", ":"))


def description() -> dict[str, Any]:
    """The document."""
    return {
        "openapi": "3.1.0",
        "info": INFO,
        # Relative to the document itself: right behind every stage, custom domain and emulator.
        "servers": [{"url": ".", "description": "Where this document was found"}],
        "security": [{"sigv4": []}],
        "tags": [{"name": tag} for tag in TABLES],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"sigv4": SIGV4},
            "schemas": _schemas(),
            "responses": problems.responses(),
        },
    }


def operations() -> list[Operation]:
    """Every entry of every table."""
    return [operation for table in TABLES.values() for operation in table]


def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for tag, table in TABLES.items():
        for operation in table:
            paths.setdefault(operation.path, {})[operation.method.lower()] = {"tags": [tag], **_described(operation)}
    return paths


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": operation.id, "summary": operation.summary}
    if not operation.signed:
        described["security"] = []
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {"required": operation.body_required, "content": _content(operation.body)}
    answers = {
        str(status): {"description": _sentence(kind), "content": _content(kind)}
        for status, kind in operation.answers.items()
    }
    failures = {str(status): problems.reference(status) for status in operation.problems}
    return {**described, "responses": {**answers, **failures}}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    in_path = {name: IN_PATHS[name] for name in re.findall(r"{(\w+)}", operation.path)}
    places = {"path": in_path, "query": operation.query, "header": operation.headers}
    return [_parameter(place, name, kind) for place, kinds in places.items() for name, kind in kinds.items()]


def _parameter(place: str, name: str, kind: Any) -> dict[str, Any]:
    schema = msgspec.json.schema(kind)
    parameter: dict[str, Any] = {"name": name, "in": place, "required": place == "path", "schema": schema}
    if words := schema.pop("description", None):
        parameter["description"] = words
    if name in EXAMPLES:
        parameter["example"] = EXAMPLES[name]
    return parameter


def _content(kind: Any) -> dict[str, Any]:
    if kind not in examples.OF:
        return {JSON: {"schema": msgspec.json.schema(kind)}}
    return {JSON: {"schema": {"$ref": SCHEMAS + kind.__name__}, "example": examples.OF[kind]}}


def _sentence(kind: Any) -> str:
    return str(kind.__doc__).splitlines()[0] if kind in examples.OF else "An OpenAPI 3.1 document."


def _schemas() -> dict[str, Any]:
    _, components = msgspec.json.schema_components([*examples.OF, *NAMED], ref_template=SCHEMAS + "{name}")
    for schema in components.values():
        if "description" in schema:  # a docstring, whose indentation Python 3.13 drops and others keep
            schema["description"] = inspect.cleandoc(schema["description"])
    # An answer shows every member: only who makes one may leave out what has a default.
    for kind in (*examples.OF, *NAMED):
        if isinstance(kind, type) and is_dataclass(kind):
            components[kind.__name__]["required"] = list(components[kind.__name__]["properties"])
    return {**components, "GatewayProblem": problems.GATEWAY_SCHEMA}
