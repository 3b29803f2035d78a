"""Users and roles over HTTP: API handler, access rules, provision function and IAM on moto."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.audit.domain.hash_chain import read
from chalicelib.core.aws import functions
from chalicelib.provisioning.handlers.function import provision
from tests.adapters.conftest import ACCOUNT, make_user
from tests.wording import names

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/access-broker/boundary"
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
CLIMBING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
TEMPLATE: dict[str, Any] = {
    "description": "reads",
    "inline_policy": READ,
    "tags": {"access-broker:audience": "engineers"},
}


class LambdaInProcess:
    """Lambda's Invoke: JSON in, JSON out, nothing else shared."""

    def __init__(self) -> None:
        self.fails_with: Exception | None = None
        self.function_error = False

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  boto3's names
        assert FunctionName == "broker-provision"
        if self.fails_with:
            raise self.fails_with
        answer = json.dumps(provision(json.loads(Payload), None)).encode()
        return {"Payload": io.BytesIO(answer), **({"FunctionError": "Unhandled"} if self.function_error else {})}


@pytest.fixture
def invoked(account: None, monkeypatch: pytest.MonkeyPatch) -> LambdaInProcess:
    iam = boto3.client("iam")
    iam.create_policy(PolicyName="boundary", Path="/access-broker/", PolicyDocument=json.dumps(READ))
    iam.create_role(RoleName="api", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    monkeypatch.setenv("BROKER_ROLE_ARN", f"arn:aws:iam::{ACCOUNT}:role/api")
    monkeypatch.setenv("BROKER_BOUNDARY_ARN", BOUNDARY)
    monkeypatch.setenv("BROKER_PROVISION_FUNCTION", "broker-provision")
    lambda_client = LambdaInProcess()
    monkeypatch.setattr(functions, "lambda_for_a_caller", lambda: lambda_client)
    return lambda_client


@pytest.fixture
def admin(invoked: LambdaInProcess) -> dict[str, str]:
    return make_user("root-of-trust", "broker-administrators")


def events(rows: Any) -> list[dict[str, Any]]:
    return [json.loads(row["event"]) for row in rows("") if "event" in row]


def test_a_user_is_made_shown_and_deleted(call, admin, rows) -> None:
    status, made, headers = call("PUT", "/v1/users/bob", admin, {"console_access": True, "access_key": True})
    assert (status, made["created"], made["zero_access"]) == (201, True, True)
    assert made["arn"] == f"arn:aws:iam::{ACCOUNT}:user/access-broker/bob"
    assert made["sign_in_url"] == f"https://{ACCOUNT}.signin.aws.amazon.com/console"
    assert made["password_reset_required"]
    assert made["access_key"]["secret_access_key"]
    assert headers["Cache-Control"] == "no-store"
    status, again, _ = call("PUT", "/v1/users/bob", admin, {"console_access": True, "access_key": True})
    assert (status, "password" in again, "access_key" in again) == (200, False, False)
    status, shown, _ = call("GET", "/v1/users/bob", admin)
    assert (status, shown["access_keys"]) == (200, [made["access_key"]["access_key_id"]])
    assert call("DELETE", "/v1/users/bob", admin)[0] == 200
    assert call("GET", "/v1/users/bob", admin)[0] == 404
    table = json.dumps(rows(""), default=str)
    assert made["password"] not in table
    assert made["access_key"]["secret_access_key"] not in table


def test_an_idempotency_key_repeats_a_call_whose_answer_was_lost(call, admin) -> None:
    wanted, key = {"console_access": True}, {"headers": {"idempotency-key": "3f6c"}}
    lost = call("PUT", "/v1/users/bob", admin, wanted, **key)[1]
    again = call("PUT", "/v1/users/bob", admin, wanted, **key)[1]
    assert again["password"] not in {"", lost["password"]}
    status, problem, _ = call("PUT", "/v1/users/bob", admin, wanted, headers={"idempotency-key": "a b"})
    assert (status, list(problem["fields"])) == (400, ["Idempotency-Key"])


def test_a_role_is_planned_applied_deleted_and_restored(call, admin) -> None:
    status, planned, _ = call("PUT", "/v1/roles/tool", admin, TEMPLATE, query={"dry_run": "true"})
    assert (status, [change["attribute"] for change in planned["changes"]]) == (200, ["role", "inline_policy"])
    assert call("GET", "/v1/roles/tool", admin)[0] == 404
    status, applied, _ = call("PUT", "/v1/roles/tool", admin, TEMPLATE)
    assert (status, applied["changes"]) == (201, planned["changes"])
    status, again, _ = call("PUT", "/v1/roles/tool", admin, TEMPLATE)
    assert (status, again["changes"]) == (200, [])
    role = boto3.client("iam").get_role(RoleName="tool")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    status, deleted, _ = call("DELETE", "/v1/roles/tool", admin)
    assert (status, deleted["export"]["state"]["description"]) == (200, "reads")
    status, restored, _ = call("POST", "/v1/roles/tool/restore", admin)
    assert status == 200
    assert role["RoleId"] in restored["cannot_come_back"][0]


def test_dry_run_given_twice_deletes_nothing(call, admin) -> None:
    status, document, _ = call("DELETE", "/v1/roles/tool", admin, queries={"dry_run": ["true", "false"]})
    assert (status, list(document["fields"])) == (400, ["dry_run"])


def test_what_only_an_apply_can_rehearse_is_not_done_instead(call, admin) -> None:
    call("PUT", "/v1/roles/tool", admin, TEMPLATE)
    for method, path in (("DELETE", "/v1/roles/tool"), ("POST", "/v1/roles/tool/restore")):
        status, problem, _ = call(method, path, admin, query={"dry_run": "true"})
        assert (status, problem["code"], list(problem["fields"])) == (400, "invalid_request", ["dry_run"])
    assert call("GET", "/v1/roles/tool", admin)[0] == 200


def test_the_event_names_the_caller_the_gateway_verified(call, admin, rows) -> None:
    call("PUT", "/v1/roles/tool", admin, TEMPLATE)
    (told,) = events(rows)
    assert (told["type"], told["role"], told["detail"]["action"]) == ("provision", "tool", "apply_role")
    assert told["caller"]["name"] == "root-of-trust"
    assert (told["request_id"], told["source_ip"]) == ("request-1", "203.0.113.9")


@pytest.mark.parametrize(
    "asked",
    [
        ("PUT", "/v1/users/eve", {}),
        ("GET", "/v1/users/eve", None),
        ("DELETE", "/v1/users/eve", None),
        ("PUT", "/v1/roles/tool", TEMPLATE),
        ("DELETE", "/v1/roles/tool", None),
        ("POST", "/v1/roles/tool/restore", None),
    ],
)
def test_who_may_not_provision_changes_nothing_and_is_on_record(call, invoked, rows, asked) -> None:
    method, path, body = asked
    status, problem, _ = call(method, path, make_user("alice", "engineers"), body)
    assert (status, problem["code"]) in {(403, "not_allowed"), (404, "not_found")}
    (told,) = events(rows)
    assert (told["type"], told["caller"]["name"]) == ("refuse", "alice")
    assert boto3.client("iam").list_roles(PathPrefix="/access-broker/")["Roles"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**TEMPLATE, "surprise": 1}, "surprise"),
        ({**TEMPLATE, "name": "another"}, "name"),
        ({**TEMPLATE, "max_session_seconds": 60}, "max_session_seconds"),
        ({**TEMPLATE, "managed_policies": ["AdministratorAccess"]}, "managed_policies"),
        ({**TEMPLATE, "trust": {"direct_users": ["*"]}}, "trust.direct_users"),
        ({**TEMPLATE, "inline_policy": CLIMBING}, "inline_policy"),
    ],
)
def test_a_template_at_fault_names_the_field(call, admin, body, field) -> None:
    status, problem, _ = call("PUT", "/v1/roles/tool", admin, body)
    assert (status, problem["code"]) == (400, "invalid_request")
    assert list(problem["fields"]) == [field]


HIDDEN = {"access-broker:audience": "engineers", "access-broker:visibility": "audience"}


@pytest.mark.parametrize(
    "asked",
    [
        ("DELETE", "/v1/roles/{}", None),
        ("POST", "/v1/roles/{}/restore", None),
        ("PUT", "/v1/roles/{}", {"tags": {}}),
        ("POST", "/v1/revocations", {"role": "{}"}),
    ],
)
def test_a_hidden_role_is_answered_as_one_that_is_not_there(call, invoked, asked) -> None:
    admin, carol = make_user("root-of-trust", "broker-administrators"), make_user("carol")
    assert call("PUT", "/v1/roles/kept-dark", admin, {**TEMPLATE, "tags": HIDDEN})[0] == 201
    method, path, body = asked

    def told(name: str) -> tuple[int, str]:
        wanted = body and json.loads(json.dumps(body).replace("{}", name)) if body != {"tags": {}} else body
        status, document, _ = call(method, path.format(name), carol, wanted)
        return status, document["detail"].replace(name, "NAME")

    assert told("kept-dark") == told("not-there")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/users/{}"), ("DELETE", "/v1/users/{}"), ("DELETE", "/v1/roles/{}"), ("POST", "/v1/roles/{}/restore")],
)
@pytest.mark.parametrize("name", ["a b", "a\x1b", "\u00e9", "x" * 65], ids=["space", "control", "accent", "long"])
def test_a_name_that_iam_gives_to_nobody_is_not_found(call, admin, method, path, name) -> None:
    assert call(method, path.format(name), admin)[0] == 404


@pytest.mark.parametrize("group", ["", "a b", "x" * 129], ids=["empty", "space", "long"])
def test_a_group_name_that_iam_would_not_take_names_the_field(call, admin, group) -> None:
    status, document, _ = call("PUT", "/v1/users/dora", admin, {"groups": [group]})
    assert (status, list(document["fields"])) == (400, ["groups[0]"])


def test_unknown_query_parameters_are_refused(call, admin) -> None:
    for query in ({"dryrun": "true"}, {"dry_run": "yes"}):
        status, problem, _ = call("PUT", "/v1/roles/tool", admin, TEMPLATE, query=query)
        assert (status, list(problem["fields"])) == (400, list(query))


def test_a_provisioner_that_does_not_answer_is_503(call, admin, invoked) -> None:
    invoked.fails_with = ReadTimeoutError(endpoint_url="https://lambda")
    assert call("PUT", "/v1/roles/tool", admin, TEMPLATE)[1]["code"] == "aws_unavailable"
    invoked.fails_with = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "arn:secret"}}, "Invoke")
    status, problem, _ = call("PUT", "/v1/roles/tool", admin, TEMPLATE)
    assert (status, problem["aws_code"]) == (422, "AccessDeniedException")
    assert "arn:secret" not in json.dumps(problem)
    invoked.fails_with, invoked.function_error = None, True
    status, problem, _ = call("PUT", "/v1/roles/tool", admin, TEMPLATE)
    assert (status, problem["code"]) == (503, "aws_unavailable")


def test_a_direct_invocation_is_recorded_as_direct(invoked, rows) -> None:
    answer = provision({"action": "apply_role", "template": {**TEMPLATE, "name": "tool"}}, None)
    assert answer["ok"]
    assert events(rows)[0]["caller"]["name"] == "direct"


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"action": "become_root"}, "action"),
        ({"action": "apply_role"}, "template"),
        ({"action": "apply_role", "template": {"trust": {"through_broker": "yes"}}}, "template.trust.through_broker"),
        ({"name": "x"}, "order"),
    ],
)
def test_an_order_that_does_not_fit_is_answered_not_raised(invoked, order, field) -> None:
    answer = provision(order, None)
    assert (answer["ok"], answer["error"]["code"]) == (False, "invalid_request")
    assert list(answer["error"]["fields"]) == [field]


def test_what_breaks_inside_is_answered_without_its_message(invoked, monkeypatch, caplog) -> None:
    monkeypatch.delenv("BROKER_ROLE_ARN")
    answer = provision({"action": "show_user", "name": "bob"}, None)
    assert (answer["ok"], answer["error"]["code"]) == (False, "internal_error")
    [record] = caplog.records
    assert names(record.getMessage(), "ConfigurationError")
    assert "BROKER_ROLE_ARN" not in json.dumps(answer) + caplog.text


NO_STATEMENTS: list[Any] = [
    {"Effect": ["Allow"], "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}},
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": [1]},
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": {"x": "y"}}},
    {"Effect": "Allow", "Action": {}, "Principal": {"AWS": "*"}},
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}, "Condition": []},
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}, "Condition": {"Bool": {"x": [{}]}}},
]


@pytest.mark.parametrize("statement", NO_STATEMENTS)
def test_a_statement_of_a_trust_policy_that_is_none_is_refused_by_field(call, admin, statement: Any) -> None:
    template = {**TEMPLATE, "trust": {"statements": [statement]}}
    status, document, _ = call("PUT", "/v1/roles/zz", admin, template, query={"dry_run": "true"})
    assert (status, document["code"], list(document["fields"])) == (400, "invalid_request", ["trust.statements[0]"])


@pytest.mark.parametrize(
    "statement",
    [{"Effect": ["Allow"], "Action": "s3:*", "Resource": "*"}, {"Effect": "Allow", "Action": [[]], "Resource": "*"}],
)
def test_an_inline_policy_that_is_none_is_refused_by_field(call, admin, statement: Any) -> None:
    template = {**TEMPLATE, "inline_policy": {"Version": "2012-10-17", "Statement": statement}}
    status, document, _ = call("PUT", "/v1/roles/zz", admin, template, query={"dry_run": "true"})
    assert (status, document["code"], list(document["fields"])) == (400, "invalid_request", ["inline_policy"])


def test_a_refusal_of_a_template_full_of_what_is_refused_reaches_the_log(call, admin, rows) -> None:
    statements = [{"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": f"{number}-*"}} for number in range(700)]
    status, document, _ = call("PUT", "/v1/roles/big", admin, {**TEMPLATE, "trust": {"statements": statements}})
    assert (status, document["code"]) == (400, "invalid_request")
    [told] = [read(row["event"]) for row in rows("EVENT#")]
    assert (told["type"], told["role"], told["detail"]["cut"]) == ("refuse", "big", True)
    assert "trust.statements[0]" in told["detail"]["fields"]


def test_pruning_tells_how_full_the_fullest_list_still_is(call, admin, capsys) -> None:
    assert call("PUT", "/v1/roles/reader", admin, TEMPLATE)[0] == 201
    status, document, _ = call("POST", "/v1/revocations", admin, {"role": "reader", "reason": "key in a log"})
    assert (status, document["revocation"]["roles"]) == (200, ["reader"])
    capsys.readouterr()
    assert provision({"action": "prune_revocations"}, None)["result"] == {"changed": [], "failed": []}
    [line] = [line for line in capsys.readouterr().out.splitlines() if "RevocationListUsed" in line]
    assert json.loads(line)["RevocationListUsed"][0] > 0
