"""Input that is refused: by the name of its field, and before AWS is asked."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.core.aws.clients import client
from tests.adapters.conftest import REGION
from tests.adapters.core.test_api import EC2, HIDDEN


@pytest.fixture(autouse=True)
def roles(account: None) -> None:
    table = boto3.resource("dynamodb", REGION).Table("broker")
    for role in (EC2, HIDDEN):
        table.put_item(Item=role_to_row(role))


NO_POLICIES: list[Any] = [
    {"Statement": "foo"},
    {"Statement": [1]},
    {"Statement": [[{}]]},
    {"Statement": {"Effect": "Allow", "Action": 5, "Resource": "*"}},
    {"Statement": {"Effect": ["Allow"], "Action": "s3:*", "Resource": "*"}},
    {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": "x"}}},
    {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"x": {"y": "z"}}}}},
    {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Sid": {}}},
    {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, "Id": []},
]


def nested(levels: int) -> dict[str, Any]:
    """An object in an object, `levels` in all."""
    inside: dict[str, Any] = {}
    for _ in range(levels - 1):
        inside = {"Statement": inside}
    return inside


@pytest.fixture
def asked(account: None) -> list[str]:
    """The rows that DynamoDB is asked for, as they are."""
    names: list[str] = []
    client("dynamodb").meta.events.register("before-call.dynamodb.GetItem", lambda model, **_: names.append(model.name))
    return names


@pytest.mark.parametrize(
    ("query", "field"),
    [({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"), ({"limit": "x"}, "limit"), ({"page": "2"}, "page"),
     ({"limit": "9" * 4500}, "limit"), ({"limit": "0" * 4500 + "1"}, "limit"),
     ({"cursor": "ü"}, "cursor"), ({"cursor": "a b"}, "cursor"), ({"cursor": "9" * 4500}, "cursor")],
)  # fmt: skip
def test_a_bad_page_is_refused_by_field(call, alice, query: dict[str, str], field: str) -> None:
    status, document, _ = call("GET", "/v1/roles", alice, query=query)
    assert (status, document["code"], list(document["fields"])) == (400, "invalid_request", [field])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "role"),
        ({"role": ""}, "role"),
        ({"role": "a\n"}, "role"),
        ({"role": "../admin"}, "role"),
        ({"role": 7}, "role"),
        ({"role": "ec2-full", "duration_seconds": 899}, "duration_seconds"),
        ({"role": "ec2-full", "duration_seconds": 3601}, "duration_seconds"),
        ({"role": "ec2-full", "duration_seconds": 900.5}, "duration_seconds"),
        ({"role": "ec2-full", "duration_seconds": "900"}, "duration_seconds"),
        ({"role": "ec2-full", "reason": "x" * 1001}, "reason"),
        ({"role": "ec2-full", "caller": "bob"}, "caller"),
        ({"role": "ec2-full", "external_id": "mine"}, "external_id"),
        ({"role": "ec2-full", "policy": "{}"}, "policy"),
        ({"role": "ec2-full", "policy": {}}, "policy"),
        ({"role": "ec2-full", "policy": {"Statement": ["x" * 2048]}}, "policy"),
        *(({"role": "ec2-full", "policy": policy}, "policy") for policy in NO_POLICIES),
        ({"role": "ec2-full", "policy": nested(31)}, "policy"),
        ({"role": "ec2-full", "policy": nested(32)}, "body"),
        ('{"role": "ec2-full", "policy": ' + '{"a":' * 980 + "1" + "}" * 981, "body"),
        ({"role": "ec2-full", "policy_arns": ["AdministratorAccess"]}, "policy_arns[0]"),
        ({"role": "ec2-full", "policy_arns": [f"arn:aws:iam::aws:policy/P{n}" for n in range(11)]}, "policy_arns"),
        ({"role": "ec2-full", "tags": {"Access-Broker:Session": "x"}}, "tags.Access-Broker:Session"),
        ({"role": "ec2-full", "tags": {"aws:x": "x"}}, "tags.aws:x"),
        ({"role": "ec2-full", "tags": {"a": "1", "A": "2"}}, "tags"),
        ('{"role": "ec2-full", "role": "other"}', "role"),
        (r'{"role": "ec2-full", "r\u006fle": "other"}', "role"),
        ('{"role": "ec2-full", "tags": {"team": "web", "team": "other"}}', "team"),
        ('{"role": "ec2-full", "policy": {"Statement": [{"Action": "s3:*", "Action": "*"}]}}', "Action"),
        ("{", "body"),
        ('{"role": "x", "policy": ' + '{"a":' * 9000 + "1" + "}" * 9001, "body"),
        ("[]", "body"),
        ("null", "body"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_field_and_leaves_nothing(call, alice, rows, body: Any, field: str) -> None:
    status, document, _ = call("POST", "/v1/credentials", alice, body)
    assert (status, document["code"]) == (400, "invalid_request")
    assert list(document["fields"]) == [field]
    assert rows("SESSION#") == []


@pytest.mark.parametrize(
    ("policy", "field"),
    [*((policy, "policy") for policy in NO_POLICIES), (nested(31), "policy"), (nested(32), "body")],
)
def test_explaining_a_policy_that_is_none_is_refused_by_field(call, alice, policy: Any, field: str) -> None:
    wanted = {"role": "ec2-full", "operation": "ec2:RunInstances", "policy": policy}
    status, document, _ = call("POST", "/v1/explain", alice, wanted)
    assert (status, document["code"], list(document["fields"])) == (400, "invalid_request", [field])


def test_a_policy_of_the_older_version_and_brackets_in_strings_are_none_of_our_business(call, alice) -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": '"[{' * 40}
    for version in ({}, {"Version": "2008-10-17"}):
        wanted = {"role": "ec2-full", "policy": {**version, "Statement": statement}}
        assert call("POST", "/v1/credentials", alice, wanted)[0] == 201


@pytest.mark.parametrize("name", ["x" * 3000, "%20", "%00", "%ED%A0%80", "a%2Fb"])
def test_an_impossible_name_or_id_is_not_found_and_aws_is_not_asked(call, alice, asked, name: str) -> None:
    call("GET", "/v1/roles/absent", alice)
    for things in ("roles", "sessions", "requests"):
        del asked[:]
        status, document, _ = call("GET", f"/v1/{things}/{name}", alice)
        assert (status, document["code"], asked) == (404, "not_found", [])


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/v1/roles", "limit"),
        ("GET", "/v1/sessions", "caller"),
        ("GET", "/v1/audit", "since"),
    ],
)
def test_a_query_parameter_given_twice_is_refused(call, alice, method: str, path: str, name: str) -> None:
    status, document, _ = call(method, path, alice, queries={name: ["1", "2"]})
    assert (status, list(document["fields"])) == (400, [name])


def test_a_body_that_is_not_json_by_its_type_is_refused(call, alice) -> None:
    headers = {"content-type": "text/plain"}
    status, document, _ = call("POST", "/v1/credentials", alice, {"role": "ec2-full"}, headers=headers)
    assert (status, document["code"]) == (415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_refused(call, alice) -> None:
    status, document, _ = call("POST", "/v1/credentials", alice, {"role": "x" * 70_000})
    assert (status, document["code"]) == (413, "body_too_large")
