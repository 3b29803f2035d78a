"""Clean-up on moto, from the schedule's event to IAM: every stage, the doors, what AWS does not answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import jsonschema
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.cleanup import wiring
from chalicelib.cleanup.aws import clients
from chalicelib.core.aws.functions import CHANGING
from chalicelib.provisioning.handlers.function import provision
from tests.adapters.audit.test_function import SCHEMA, metrics
from tests.adapters.cleanup.account import DOCUMENT, OURS, cleanup_account
from tests.adapters.conftest import make_user
from tests.wording import names

if TYPE_CHECKING:
    from tests.adapters.cleanup.account import CleanupAccount

__all__ = ["cleanup_account"]

TEMPLATE = {
    "name": "tool",
    "description": "reads",
    "inline_policy": DOCUMENT,
    "tags": {"access-broker:audience": "engineers"},
}


@pytest.fixture
def tool(cleanup_account: CleanupAccount) -> CleanupAccount:
    """One role, made by the provisioner."""
    assert provision({"action": "apply_role", "template": TEMPLATE}, None)["ok"]
    return cleanup_account


def stage(account: CleanupAccount) -> str:
    (role,) = account.run(dry_run=True)["result"]["roles"]
    return str(role["stage"])


def cleanups(rows: Any) -> list[dict[str, Any]]:
    found = [json.loads(row["event"]) for row in rows("CLEANUP#") if "event" in row]
    return [event for event in found if event["role"]]


def policies(account: CleanupAccount) -> list[str]:
    return account.iam.list_role_policies(RoleName="tool")["PolicyNames"]


def test_a_role_passes_every_stage_and_comes_back_with_one_command(tool, call, alice, rows) -> None:
    for days, expected in ((89, None), (90, "reported"), (97, "warned"), (111, "quarantined"), (141, "deleted")):
        tool.clock(days)
        report = tool.run()["result"]
        changes = [(role["name"], role["change"]) for role in report["roles"]]
        assert changes == ([("tool", expected)] if expected else [])
        if expected == "quarantined":
            assert "access-broker-quarantine" in policies(tool)
            status, refusal, _ = call("POST", "/v1/credentials", alice, {"role": "tool"})
            assert (status, refusal["code"]) == (409, "conflict")
            assert "broker roles restore tool" in refusal["detail"]
            assert call("GET", "/v1/roles/tool", alice)[1]["quarantined"] is True
        assert not report["failures"]
        assert not report["drift"]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        tool.iam.get_role(RoleName="tool")
    (told,) = cleanups(rows)
    assert (told["type"], told["detail"]["stage"], told["caller"]["name"]) == (
        "cleanup",
        "deleted",
        "access-broker-test-cleanup",
    )
    chained = {"recorded_at": told["at"], "seq": 1, "previous": "0" * 64, "hash": "0" * 64}
    jsonschema.validate({**told, **chained}, SCHEMA)
    admin = make_user("root-of-trust", "broker-administrators")
    assert call("POST", "/v1/roles/tool/restore", admin)[0] == 200
    assert policies(tool) == ["access-broker-template"]
    tool.clock(0)
    assert tool.run(dry_run=True)["result"]["alive"] == {"young": 1}


def test_restoring_a_quarantined_role_takes_it_back_to_the_start(tool, call) -> None:
    for days in (90, 97, 111):
        tool.clock(days)
        tool.run()
    admin = make_user("root-of-trust", "broker-administrators")
    assert call("POST", "/v1/roles/tool/restore", admin)[0] == 200
    tool.clock(141)
    (role,) = tool.run()["result"]["roles"]
    assert (role["change"], role["stage"], role["code"]) == ("alive", "", "released")
    tool.clock(200)
    assert tool.run(dry_run=True)["result"]["alive"] == {"used": 1}


def test_a_use_brings_a_role_out_of_quarantine(tool) -> None:
    tool.clock(60, STALE_AFTER="30d")
    tool.run()
    tool.clock(67)
    tool.run()
    tool.clock(81)
    tool.run()
    assert "access-broker-quarantine" in policies(tool)
    tool.session("tool", tool.now())
    (role,) = tool.run()["result"]["roles"]
    assert (role["change"], role["code"]) == ("alive", "active_session")
    assert policies(tool) == ["access-broker-template"]


def test_a_role_used_between_the_pass_and_the_act_is_not_touched(tool) -> None:
    tool.clock(90)
    tool.run()
    tool.clock(97)
    tool.run()
    tool.clock(111)
    acting = wiring.role_retirement()
    go_on = type(acting).go_on

    def used_first(self: Any, name: str, keep: Any) -> Any:
        tool.session(name, tool.now())
        return go_on(self, name, keep)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(acting), "go_on", used_first)
        (role,) = tool.run()["result"]["roles"]
    assert role["change"] == "alive"
    assert policies(tool) == ["access-broker-template"]


def test_a_role_changed_by_hand_is_reported_until_its_template_is_applied_again(tool) -> None:
    read_only = "arn:aws:iam::123456789012:policy/access-broker/boundary"
    tool.iam.attach_role_policy(RoleName="tool", PolicyArn=read_only)
    tool.iam.tag_role(RoleName="tool", Tags=[{"Key": "by", "Value": "hand"}])
    (drift,) = tool.run(dry_run=True)["result"]["drift"]
    assert drift["role"] == "tool"
    assert names(drift["why"], "policies", "tags")
    assert not names(drift["why"], "trust")
    provision({"action": "apply_role", "template": TEMPLATE}, None)
    assert tool.run(dry_run=True)["result"]["drift"] == []


def test_users_of_ours_that_never_signed_in_and_unused_keys_are_reported(tool) -> None:
    tool.iam.create_user(UserName="outsider", Path="/access-broker/")
    tool.iam.create_login_profile(UserName="outsider", Password="Longer-than-20-characters!")
    order = {"action": "create_user", "name": "sts_user", "user": {"console_access": True, "access_key": True}}
    assert provision(order, None)["ok"]
    tool.clock(29)
    assert tool.run(dry_run=True)["result"]["users"] == []
    tool.clock(31)
    found = tool.run(dry_run=True)["result"]["users"]
    assert [(user["name"], user["code"]) for user in found] == [
        ("sts_user", "no_mfa"),
        ("sts_user", "never_signed_in"),
        ("sts_user", "key_unused"),
    ]


def test_a_run_tidies_what_else_is_past_its_end_and_a_rehearsal_does_not(tool) -> None:
    look = {"action": "find_roles"}  # in member accounts
    tool.run(dry_run=True)
    assert [order for _, order in tool.functions.invoked] == [look]
    assert tool.run()["result"]["tidied"] == {"revocations": 0, "requests": 1, "grants": 2}
    changed = [name for name, order in tool.functions.invoked if order != look]
    assert changed == ["broker-provision", "broker-expire"]


def test_the_budget_stops_a_run_and_the_metric_says_so(tool, rows, capsys) -> None:
    for number in range(3):
        tool.make(f"more-{number}", tags={**OURS})
    tool.clock(90, BUDGET_ROLES="3")
    tool.run()
    assert metrics(capsys.readouterr().out)["CleanupBudgetExceeded"] == 0
    tool.clock(97)
    report = tool.run()["result"]
    assert report["budget"] == {"wanted": 4, "limit": 3, "exceeded": True}
    assert {role["change"] for role in report["roles"]} == {""}
    assert {(role["next_stage"], role["next_at"]) for role in report["roles"]} == {("warned", report["at"])}
    counted = metrics(capsys.readouterr().out)
    assert (counted["CleanupBudgetExceeded"], counted["StaleRoles"], counted["CleanupCutShort"]) == (1, 4, 0)
    (summary,) = [json.loads(row["event"]) for row in rows("CLEANUP#RUN")]
    assert summary["detail"]["budget"]["exceeded"]


def test_only_a_run_that_cannot_begin_raises_the_alarm_a_look_does_not(tool, capsys) -> None:
    tool.dynamodb.delete_table(TableName="broker")
    assert not tool.run(dry_run=True)["ok"]
    assert "CleanupFailures" not in capsys.readouterr().out
    assert not tool.run()["ok"]
    assert metrics(capsys.readouterr().out)["CleanupFailures"] == 1


def throttling(account: CleanupAccount, operation: str, times: int, attempts: int) -> None:
    """IAM answers the next calls of an operation with Throttling."""
    left = iter(range(times))
    body = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"

    class Raw:
        def stream(self, *_: object, **__: object) -> list[bytes]:
            return [body]

    def answer(request: Any, **_: object) -> AWSResponse | None:
        return AWSResponse(request.url, 400, HTTPHeaders(), Raw()) if next(left, None) is not None else None

    # The account's own fixture puts it back: wiring makes a new client each time its caches are cleared.
    config = clients.UNHURRIED.merge(type(clients.UNHURRIED)(retries={"total_max_attempts": attempts}))
    client: Any = boto3.client("iam", config=config)
    client.meta.events.register(f"before-send.iam.{operation}", answer)
    account._environ.setattr(clients, "unhurried_iam", lambda: client)  # noqa: SLF001
    account.clock(90)


def test_a_throttled_page_is_asked_for_again(tool) -> None:
    throttling(tool, "GetAccountAuthorizationDetails", times=2, attempts=4)
    report = tool.run()["result"]
    assert (report["complete"], [role["change"] for role in report["roles"]]) == (True, ["reported"])


def test_when_aws_throttles_for_longer_the_next_run_finishes(tool, capsys) -> None:
    throttling(tool, "GetAccountAuthorizationDetails", times=1, attempts=1)
    report = tool.run()["result"]
    assert (report["complete"], report["roles"]) == (False, [])
    assert metrics(capsys.readouterr().out)["CleanupCutShort"] == 1
    report = tool.run()["result"]
    assert (report["complete"], [role["change"] for role in report["roles"]]) == (True, ["reported"])


def test_a_second_run_answers_that_the_first_is_under_way(tool) -> None:
    answers: list[dict[str, Any]] = []
    tool.functions.before["prune_revocations"] = lambda: answers.append(tool.run())
    assert tool.run()["ok"]
    (second,) = answers
    assert (second["ok"], second["error"]["code"]) == (False, "conflict")


def test_over_http_an_administrator_sees_what_a_run_would_do(tool, call) -> None:
    tool.clock(90)
    admin = make_user("root-of-trust", "broker-administrators")
    status, report, _ = call("POST", "/v1/cleanup", admin, {"dry_run": True})
    assert (status, report["dry_run"], report["up_to"]) == (200, True, "deleted")
    (role,) = report["roles"]
    assert {key: role[key] for key in ("name", "stage", "change", "next_stage", "owner")} == {
        "name": "tool",
        "stage": "",
        "change": "reported",
        "next_stage": "warned",
        "owner": "engineers",
    }
    assert stage(tool) == ""


def test_a_look_that_is_not_answered_in_time_speaks_of_no_change(tool, call) -> None:
    tool.functions.fails["broker-cleanup"] = ReadTimeoutError(endpoint_url="https://lambda")
    admin = make_user("root-of-trust", "broker-administrators")
    status, problem, _ = call("POST", "/v1/cleanup", admin, {"dry_run": True})
    assert (status, problem["code"]) == (503, "aws_unavailable")
    assert CHANGING not in problem["detail"]


def test_over_http_nobody_cleans_up_and_nobody_else_looks(tool, call, rows) -> None:
    admin = make_user("root-of-trust", "broker-administrators")
    for body in ({}, {"dry_run": False}, {"dry_run": True, "more": 1}):
        status, problem, _ = call("POST", "/v1/cleanup", admin, body)
        assert (status, problem["code"]) == (400, "invalid_request")
    status, problem, _ = call("POST", "/v1/cleanup", make_user("alice", "engineers"), {"dry_run": True})
    assert status in {403, 404}
    assert tool.functions.invoked == []
    (refused,) = [json.loads(row["event"]) for row in rows("EVENT#")]
    assert (refused["type"], refused["caller"]["name"], refused["detail"]["action"]) == ("refuse", "alice", "cleanup")
