"""The HTTP doors on moto: forms of answers and errors, and what reaches the table."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from chalicelib.access.aws import catalogue
from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.access.handlers.authentication import proven_mfa
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.roles import Role
from chalicelib.sessions.wiring import session_issuer
from tests.adapters.conftest import ACCOUNT, REGION, make_user
from tests.wording import names

EC2 = Role(
    "ec2-full",
    f"arn:aws:iam::{ACCOUNT}:role/access-broker/ec2-full",
    description="Everything in EC2",
    tags={"access-broker:audience": "engineers"},
)
HIDDEN = Role(
    "hidden",
    f"arn:aws:iam::{ACCOUNT}:role/access-broker/hidden",
    tags={"access-broker:audience": "engineers", "access-broker:visibility": "audience"},
)


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


@pytest.fixture(autouse=True)
def roles(account: None) -> None:
    table = boto3.resource("dynamodb", REGION).Table("broker")
    for role in (EC2, HIDDEN):
        table.put_item(Item=role_to_row(role))


@pytest.fixture
def asked(account: None) -> list[str]:
    """The rows that DynamoDB is asked for, as they are."""
    names: list[str] = []
    client("dynamodb").meta.events.register("before-call.dynamodb.GetItem", lambda model, **_: names.append(model.name))
    return names


def test_health_is_open_and_names_the_policy_set(call) -> None:
    status, document, _ = call("GET", "/health")
    assert status == 200
    assert document["status"] == "ok"
    assert len(document["policy_set"]) == 64


def test_whoami_shows_what_the_gateway_verified_and_iam_knows(call) -> None:
    dora = make_user("dora", "engineers", "on-call", team="web")
    status, document, headers = call("GET", "/v1/whoami", dora)
    assert status == 200
    assert document == {
        "arn": dora["userArn"], "name": "dora", "kind": "user", "account": ACCOUNT,
        "groups": ["engineers", "on-call"], "tags": {"team": "web"}, "rights": [],
    }  # fmt: skip
    assert headers["Cache-Control"] == "no-store"


def test_identity_claimed_in_headers_or_body_counts_for_nothing(call, alice) -> None:
    carol = make_user("carol")
    forged = {"x-amzn-iam-user-arn": alice["userArn"], "x-user": "alice", "authorization": "alice"}
    status, document, _ = call("POST", "/v1/credentials", carol, {"role": "ec2-full"}, headers=forged)
    assert (status, document["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("identity", [None, {"userArn": f"arn:aws:iam::{ACCOUNT}:root", "user": ACCOUNT}])
def test_callers_that_are_not_users_or_sessions_are_refused_and_leave_a_trace(call, rows, identity) -> None:
    status, document, _ = call("GET", "/v1/whoami", identity)
    assert (status, document["code"]) == (403, "not_allowed")
    [row] = rows("EVENT#")
    event = json.loads(row["event"])
    assert (event["type"], event["caller"]["kind"]) == ("refuse", "unknown")


@pytest.mark.parametrize(
    "asked",
    [
        ("POST", "/v1/credentials", {"role": "ec2-full"}),
        ("POST", "/v1/console-links", {"role": "ec2-full"}),
        ("POST", "/v1/requests", {"role": "ec2-full", "duration_seconds": 3600, "reason": "more"}),
        ("GET", "/v1/roles", None),
    ],
)
def test_a_session_that_the_broker_issued_asks_for_nothing_and_that_is_on_record(call, rows, asked) -> None:
    method, path, body = asked
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = boto3.client("iam").create_role(RoleName="tools", Path="/access-broker/", AssumeRolePolicyDocument=trust)
    unique_id = f"{role['Role']['RoleId']}:alice-01k"
    arn = "arn:aws:sts::123456789012:assumed-role/tools/alice-01k"
    session = {"userArn": arn, "user": unique_id, "caller": unique_id, "sourceIp": "203.0.113.9"}
    status, document, _ = call(method, path, session, body)
    assert (status, document["code"]) == (403, "not_allowed")
    [event] = [json.loads(row["event"]) for row in rows("EVENT#")]
    assert (event["type"], event["caller"]["name"]) == ("refuse", "tools/alice-01k")
    assert call("GET", "/v1/whoami", session)[0] == 200


def test_whoever_is_not_served_is_refused_and_on_record_before_what_they_sent_is_read(call, rows, monkeypatch) -> None:
    from app import app  # noqa: PLC0415  needs the environment

    for name in ("PROVISION_FUNCTION", "ROLE_ARN", "AUDIT_LOG_GROUP", "CLEANUP_FUNCTION"):
        monkeypatch.setenv(f"BROKER_{name}", "never asked")
    signed = {
        (method, path)
        for path, methods in app.routes.items()
        for method, entry in methods.items()
        if entry.authorizer and path != "/v1/whoami"
    }
    for count, (method, path) in enumerate(sorted(signed), start=1):
        status, document, _ = call(method, path, None, "{", query={"nonsense": "1"})
        assert (method, path, status, document["code"]) == (method, path, 403, "not_allowed")
        assert len(rows("EVENT#")) == count
    assert len(signed) > 20


def test_a_recreated_namesake_does_not_pass_for_the_old_user(call, alice) -> None:
    status, document, _ = call("GET", "/v1/whoami", {**alice, "user": "AIDAOLDOLDOLD"})
    assert (status, document["code"]) == (403, "not_allowed")
    assert call("GET", "/v1/whoami", alice)[0] == 200


def test_an_engineer_gets_credentials_in_the_form_of_credential_process(call, alice, rows) -> None:
    status, document, headers = call("POST", "/v1/credentials", alice, {"role": "ec2-full", "reason": "deploy"})
    assert status == 201
    assert list(document["credentials"]) == ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
    assert document["credentials"]["Version"] == 1
    assert headers["Cache-Control"] == "no-store"
    [row] = rows("SESSION#")
    assert (row["id"], row["caller"], row["role"], row["reason"]) == (
        document["session"]["id"],
        "alice",
        "ec2-full",
        "deploy",
    )


def test_the_table_never_holds_a_credential(call, alice, rows) -> None:
    _, document, _ = call("POST", "/v1/credentials", alice, {"role": "ec2-full"})
    kept = json.dumps(rows(""), default=str)
    assert document["credentials"]["SecretAccessKey"] not in kept
    assert document["credentials"]["SessionToken"] not in kept


def test_a_refusal_is_a_problem_document_and_leaves_a_row(call, rows) -> None:
    status, document, headers = call("POST", "/v1/credentials", make_user("carol"), {"role": "ec2-full"})
    assert status == 403
    assert headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(document)
    assert "Group engineers" in document["detail"]
    assert document["policies"] == ["engineers-standing"]
    [row] = rows("EVENT#")
    event = json.loads(row["event"])
    assert (event["type"], event["caller"]["name"], event["role"]) == ("refuse", "carol", "ec2-full")


def test_a_role_that_may_not_be_seen_answers_exactly_as_one_that_does_not_exist(call) -> None:
    carol = make_user("carol")
    for method, path, field in (("POST", "/v1/credentials", "role"), ("GET", "/v1/roles/{}", "")):
        answers = []
        for name in ("hidden", "absent"):
            status, document, headers = call(method, path.format(name), carol, {field: name} if field else None)
            answers.append((status, json.dumps(document).replace(name, "NAME"), headers))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


def test_roles_are_listed_with_the_terms_for_this_caller(call, alice) -> None:
    status, document, _ = call("GET", "/v1/roles", alice)
    assert status == 200
    assert [(role["name"], role["access"]) for role in document["roles"]] == [
        ("ec2-full", "standing"),
        ("hidden", "standing"),
    ]
    assert document["roles"][0]["max_duration_seconds"] == 3600
    assert document["next_cursor"] is None


@pytest.mark.parametrize("key", ["access-broker:suspended", "Access-Broker:Suspended", "access-broker:SUSPENDED"])
def test_who_is_suspended_is_out_in_whatever_letters_the_tag_is_written(call, key: str) -> None:
    status, problem, _ = call(
        "POST", "/v1/credentials", make_user("lea", "engineers", **{key: "x"}), {"role": "ec2-full"}
    )
    assert (status, problem["code"]) == (403, "not_allowed")
    assert problem["policies"] == ["suspended-callers-get-nothing"]


def test_somebody_without_access_sees_public_roles_as_none(call) -> None:
    _, document, _ = call("GET", "/v1/roles", make_user("carol"))
    assert [(role["name"], role["access"]) for role in document["roles"]] == [("ec2-full", "none")]


def pages_of_roles(call, who: dict[str, str]) -> list[dict[str, Any]]:
    """Every page of one role, by its cursors, as long as there are any."""
    pages, query = [], {"limit": "1"}
    while True:
        pages.append(call("GET", "/v1/roles", who, query=query)[1])
        if pages[-1]["next_cursor"] is None:
            return pages
        query = {"limit": "1", "cursor": pages[-1]["next_cursor"]}


def test_roles_come_in_full_pages_by_cursor(call, alice) -> None:
    pages = pages_of_roles(call, alice)
    assert [[role["name"] for role in page["roles"]] for page in pages] == [["ec2-full"], ["hidden"]]


@pytest.mark.parametrize("public", [["ec2-full", "zebra"], ["ec2-full"], []])
def test_no_page_and_no_cursor_names_a_role_that_may_not_be_seen(call, monkeypatch, public: list[str]) -> None:
    """By every page size of DynamoDB, and with hidden roles before, between and after what is shown."""
    monkeypatch.setattr(catalogue, "PAGE", 1)
    table = boto3.resource("dynamodb", REGION).Table("broker")
    table.delete_item(Key={"pk": "ROLE", "sk": EC2.name})
    for name in public:
        table.put_item(Item=role_to_row(replace(EC2, name=name)))
    for name in ("also-hidden", "zz-hidden"):
        table.put_item(Item=role_to_row(replace(HIDDEN, name=name)))
    pages = pages_of_roles(call, make_user("carol"))
    assert [role["name"] for page in pages for role in page["roles"]] == public
    assert len(pages) == max(1, len(public))
    assert "hidden" not in json.dumps(pages)
    assert [page["next_cursor"] is None for page in pages] == [False] * (len(pages) - 1) + [True]


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


def test_when_the_table_refuses_the_row_no_credentials_leave(call, alice, caplog) -> None:
    call("GET", "/v1/whoami", alice)
    assert call("GET", "/v1/roles/ec2-full", alice)[0] == 200

    session_issuer.cache_clear()
    sessions: Any = session_issuer().sessions
    sessions._table = "gone"  # noqa: SLF001  a table that refuses every write
    status, document, headers = call("POST", "/v1/credentials", alice, {"role": "ec2-full"})
    assert (status, document["code"]) == (503, "audit_unavailable")
    assert headers["Retry-After"] == "5"
    assert "SecretAccessKey" not in json.dumps(document) + caplog.text


def test_an_unexpected_failure_says_nothing_of_its_cause(call, alice, caplog, monkeypatch) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("canary-secret")

    monkeypatch.setattr("chalicelib.sessions.services.issue.SessionIssuer.issue", explode)
    status, document, _ = call("POST", "/v1/credentials", alice, {"role": "ec2-full"})
    assert (status, document["code"]) == (500, "internal_error")
    assert "canary-secret" not in json.dumps(document) + caplog.text


def test_people_explain_themselves_and_others_need_the_right(call, alice, monkeypatch) -> None:
    monkeypatch.setenv("BROKER_ROLE_ARN", f"arn:aws:iam::{ACCOUNT}:role/broker-api")
    monkeypatch.setenv("BROKER_BOUNDARY_ARN", f"arn:aws:iam::{ACCOUNT}:policy/boundary")
    carol, grace = make_user("carol"), make_user("grace", "auditors")
    status, document, _ = call("POST", "/v1/explain", carol, {"role": "ec2-full"})
    assert (status, document["allowed"], document["layers"][2]["by"]) == (200, False, "engineers-standing")
    assert names(document["change"], "Group engineers")
    assert call("POST", "/v1/explain", carol, {"role": "ec2-full", "caller": "alice"})[0] == 403
    assert call("POST", "/v1/explain", carol, {"role": "hidden"})[0] == 404
    status, document, _ = call("POST", "/v1/explain", grace, {"role": "ec2-full", "caller": "alice"})
    assert (status, document["layers"][2]["verdict"]) == (200, "open")
    for nobody in ("nobody", "role/session"):
        assert call("POST", "/v1/explain", grace, {"role": "ec2-full", "caller": nobody})[0] == 404
    assert call("POST", "/v1/explain", grace, {"role": "ec2-full", "caller": "\u00bb"})[0] == 400


@pytest.mark.parametrize(
    ("resource", "path", "proven"),
    [
        ("/mfa/v1/whoami", "/api/mfa/v1/whoami", True),
        ("/mfa/v1/whoami", "/mfa/v1/whoami", True),  # behind a custom domain
        ("/mfa/v1/whoami", "/api/%6Dfa/v1/whoami", False),  # the resource policy judged another path
        ("/v1/whoami", "/api/mfa/v1/whoami", False),
        ("/v1/roles/{name}", "/api/v1/roles/mfa", False),
        ("/v1/whoami", "/mfa/v1/whoami", False),
    ],
)
def test_the_proof_of_mfa_is_the_resource_that_the_gateway_matched(resource: str, path: str, *, proven: bool) -> None:
    request = SimpleNamespace(context={"resourcePath": resource, "path": path}, headers={"x-mfa": "true"})
    assert proven_mfa(request) == proven  # type: ignore[arg-type]


def test_an_event_says_that_mfa_was_proven(call, alice, rows) -> None:
    for path in ("/v1/credentials", "/mfa/v1/credentials"):
        assert call("POST", path, alice, {"role": "ec2-full", "reason": "deploy"})[0] == 201
    told = [json.loads(row["event"])["detail"].get("mfa") for row in rows("SESSION#")]
    assert sorted(told, key=bool) == [None, True]
