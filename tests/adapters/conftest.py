"""An account on moto, in process: the table as the template makes it, people as the demo has them.

moto authorizes nothing: nothing here proves permissions.
"""

from __future__ import annotations

import json
import sys
import time
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto import mock_aws

from chalicelib.core import wiring
from chalicelib.core.aws import clients
from tests.adapters import described
from tests.adapters.quick_clients import make_clients_quickly
from tests.adapters.transactions import copy_tables_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

deserialize = TypeDeserializer().deserialize
REGION = "us-east-1"
ACCOUNT = "123456789012"
RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "BROKER_DEPLOYMENT": "access-broker-test",
    "BROKER_TABLE": "broker",
    "BROKER_LEDGER_TABLE": "ledger",
    "BROKER_AUDIT_RETENTION_DAYS": "400",
    "BROKER_ACTIVITY_REGIONS": f"{REGION},us-east-1",
    "BROKER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/broker-api",
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moto's account with both tables; every cached client and service is new. Moto needs little time to settle."""
    monkeypatch.setattr(wiring, "sleep", lambda seconds: time.sleep(seconds / 50))
    copy_tables_once(monkeypatch)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        # moto takes boto3's session away, and with it the service models, which take long to read
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", _boto3_session())
        make_clients_quickly(monkeypatch)
        _forget()
        for resource, name in (("Table", "broker"), ("Ledger", "ledger")):
            _create_table(RESOURCES[resource]["Properties"], name)
        yield
    _forget()


@cache
def _boto3_session() -> boto3.Session:
    return boto3.Session(region_name=REGION)


@cache
def _client(service: Any) -> Any:
    """The fixtures' own, made once: moto's account is new for each test, and a client holds nothing of it."""
    return _boto3_session().client(service)


def _forget() -> None:
    """Every service and client; botocore's session stays, it holds nothing but the service models."""
    clients.made.cache_clear()
    clients.hasty_iam.cache_clear()
    wirings = [module for name, module in sys.modules.items() if name.startswith("chalicelib.") and ".wiring" in name]
    for value in [value for module in wirings for value in vars(module).values()]:
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def _create_table(properties: dict[str, Any], name: str) -> None:
    wanted = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    given: Any = {key: properties[key] for key in wanted if key in properties}
    stream: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    _client("dynamodb").create_table(TableName=name, StreamSpecification=stream, **given)


@pytest.fixture
def rows(account: None) -> Callable[[str], list[dict[str, Any]]]:
    """Every row whose partition key begins as told."""

    def read(prefix: str) -> list[dict[str, Any]]:
        found = _client("dynamodb").scan(TableName="broker")["Items"]
        items = [{name: deserialize(value) for name, value in item.items()} for item in found]
        return [item for item in items if str(item["pk"]).startswith(prefix)]

    return read


@pytest.fixture
def alice(account: None) -> dict[str, str]:
    """An IAM user without policies, in the group engineers, as API Gateway shows her."""
    return make_user("alice", "engineers")


def make_user(name: str, *groups: str, **tags: str) -> dict[str, str]:
    """An IAM user and the identity block of their requests."""
    iam = _client("iam")
    tag_list: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
    user = iam.create_user(UserName=name, Tags=tag_list)["User"]
    for group in groups:
        if group not in {one["GroupName"] for one in iam.list_groups()["Groups"]}:
            iam.create_group(GroupName=group)
        iam.add_user_to_group(GroupName=group, UserName=name)
    return {"userArn": user["Arn"], "user": user["UserId"], "caller": user["UserId"], "sourceIp": "203.0.113.9"}


@pytest.fixture
def call(account: None) -> Callable[..., tuple[int, dict[str, Any], dict[str, str]]]:
    """Call the API with a real API Gateway proxy event; answers status, document and headers.

    Every call and its answer is held to /openapi.json.
    """
    from app import app  # noqa: PLC0415  needs the environment above

    def send(
        method: str, path: str, identity: dict[str, str] | None = None, body: object = None, **more: Any
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        asked = event(app, method, path, identity, body, **more)
        response = app(asked, None)
        headers = response["headers"] | {key: value[0] for key, value in response["multiValueHeaders"].items()}
        status, document = response["statusCode"], json.loads(response["body"])
        if asked["resource"] in described.SLACKS_OWN:
            return status, document, headers
        described.check_answer(method, asked["resource"], status, headers["Content-Type"], document)
        if isinstance(body, dict) and status < HTTPStatus.BAD_REQUEST:
            described.check_request(method, asked["resource"], body)
        return status, document, headers

    return send


def event(
    app: Any, method: str, path: str, identity: dict[str, str] | None, body: object, **more: Any
) -> dict[str, Any]:
    """API Gateway's Lambda proxy event (REST API, payload 1.0)."""
    resource, parameters = _route(app, path)
    queries: dict[str, list[str]] = more.get("queries") or {key: [one] for key, one in more.get("query", {}).items()}
    raw = body if isinstance(body, str) or body is None else json.dumps(body)
    return {
        "httpMethod": method,
        "path": path,
        "resource": resource,
        "pathParameters": parameters,
        "queryStringParameters": {key: values[-1] for key, values in queries.items()} or None,
        "multiValueQueryStringParameters": queries or None,
        "headers": {"content-type": "application/json", **more.get("headers", {})},
        "multiValueHeaders": {},
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": raw,
        "requestContext": {
            "resourcePath": resource,
            "path": f"/api{path}",
            "httpMethod": method,
            "requestId": "request-1",
            "identity": identity or {"sourceIp": "203.0.113.9"},
        },
    }


def _route(app: Any, path: str) -> tuple[str, dict[str, str] | None]:
    """The route API Gateway would pick, and its path parameters."""
    parts = path.split("/")
    for route in sorted(app.routes, key=lambda route: route.count("{")):
        names = route.split("/")
        if len(names) == len(parts) and all(n == p or n.startswith("{") for n, p in zip(names, parts, strict=True)):
            return route, {n[1:-1]: p for n, p in zip(names, parts, strict=True) if n.startswith("{")} or None
    raise LookupError(f"no route for {path}: does app.py name the module that has it?")
