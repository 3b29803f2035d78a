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


@pytest.fixture(autouse=True)
def roles(account: None) -> None:
    table = boto3.resource("dynamodb", REGION).Table("broker")
    for role in (EC2, HIDDEN):
        table.put_item(Item=role_to_row(role))


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

    for name in ("PROVISION_FUNCTION", "AUDIT_LOG_GROUP", "CLEANUP_FUNCTION"):
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


def test_nor_does_it_by_the_id_of_the_account(call) -> None:
    """The catalogue has another name for it than the caller used: that must not show."""
    carol = make_user("carol")
    told: dict[str, list[tuple[int, str]]] = {"hidden": [], "absent": []}
    for name, answers in told.items():
        role = f"{ACCOUNT}:{name}"
        for method, path, body in (
            ("POST", "/v1/credentials", {"role": role}),
            ("POST", "/v1/requests", {"role": role, "duration_seconds": 3600, "reason": "why"}),
            ("GET", f"/v1/roles/{role}", None),
        ):
            status, document, _ = call(method, path, carol, body)
            answers.append((status, json.dumps(document).replace(name, "NAME")))
    assert told["hidden"] == told["absent"]
    assert [status for status, _ in told["hidden"]] == [404, 404, 404]


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
    monkeypatch.setenv("BROKER_BOUNDARY_ARN", f"arn:aws:iam::{ACCOUNT}:policy/boundary")
    monkeypatch.setenv("BROKER_PROVISION_FUNCTION", "provision")
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
