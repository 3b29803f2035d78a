"""Clean-up of roles of member accounts on moto: the provision function looks and acts there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.access.aws.member_roles import account_to_row
from chalicelib.accounts import wiring as accounts
from chalicelib.core.domain.roles import Account
from chalicelib.provisioning.handlers.function import provision
from tests.adapters.audit.test_function import metrics
from tests.adapters.cleanup.account import cleanup_account
from tests.adapters.cleanup.test_runs import TEMPLATE
from tests.adapters.conftest import REGION, make_user

if TYPE_CHECKING:
    from tests.adapters.cleanup.account import CleanupAccount

__all__ = ["cleanup_account"]

DEV, PROD, GONE = "111111111111", "222222222222", "333333333333"


class Sts:
    """STS that lets the broker into every account but these."""

    def __init__(self, shut: set[str]) -> None:
        self._sts, self.shut = boto3.client("sts", REGION), shut

    def assume_role(self, **asked: Any) -> Any:
        if asked["RoleArn"].split(":")[4] in self.shut:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "AssumeRole")
        return self._sts.assume_role(**asked)


@pytest.fixture
def shut(cleanup_account: CleanupAccount) -> set[str]:
    """Accounts out of reach. Two are registered, and each has the role."""
    for number in (DEV, PROD):
        cleanup_account.put(account_to_row(Account(number, state="joined", joined_before=True)))
        made = provision({"action": "apply_role", "template": {**TEMPLATE, "name": f"{number}:tool"}}, None)
        assert made["ok"], made
    shut: set[str] = set()
    spokes = accounts.spoke_roles()
    spokes.sts = Sts(shut)  # type: ignore[assignment]
    spokes.clock = lambda: datetime.now(UTC) + timedelta(days=1)  # so that no session is kept
    return shut


def iam_of(number: str) -> Any:
    keys = boto3.client("sts", REGION).assume_role(RoleArn=f"arn:aws:iam::{number}:role/r", RoleSessionName="look")
    given = keys["Credentials"]
    return boto3.client(
        "iam",
        REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def changes(report: dict[str, Any]) -> dict[str, str]:
    return {role["name"]: role["change"] for role in report["result"]["roles"]}


def test_a_role_passes_every_stage_in_its_account_and_the_report_says_which(cleanup_account, shut) -> None:
    names = (f"{DEV}:tool", f"{PROD}:tool")
    for days, stage in ((90, "reported"), (97, "warned"), (111, "quarantined")):
        cleanup_account.clock(days)
        report = cleanup_account.run()
        assert changes(report) == dict.fromkeys(names, stage)
        assert ([one["account"] for one in report["result"]["roles"]], report["result"]["drift"]) == ([DEV, PROD], [])
    assert "access-broker-quarantine" in iam_of(PROD).list_role_policies(RoleName="tool")["PolicyNames"]
    restored = provision({"action": "restore_role", "name": f"{PROD}:tool"}, None)
    assert restored["ok"], restored
    cleanup_account.clock(141)
    assert changes(cleanup_account.run()) == {f"{DEV}:tool": "deleted", f"{PROD}:tool": "alive"}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam_of(DEV).get_role(RoleName="tool")
    assert iam_of(PROD).list_role_policies(RoleName="tool")["PolicyNames"] == ["access-broker-template"]


def test_an_account_out_of_reach_is_named_alarmed_and_finished_by_the_next_run(cleanup_account, shut, capsys) -> None:
    cleanup_account.clock(90)
    cleanup_account.run()
    cleanup_account.clock(97)
    shut.add(DEV)
    capsys.readouterr()
    report = cleanup_account.run()
    [failure] = report["result"]["failures"]
    assert (failure["account"], DEV in failure["why"], report["result"]["complete"]) == (DEV, True, True)
    assert changes(report) == {f"{PROD}:tool": "warned"}
    assert metrics(capsys.readouterr().out)["CleanupFailures"] == 1
    shut.clear()
    assert changes(cleanup_account.run())[f"{DEV}:tool"] == "warned"


def test_a_role_of_an_account_that_is_not_registered_is_left_out(cleanup_account, shut) -> None:
    cleanup_account.dynamodb.delete_item(TableName="broker", Key={"pk": {"S": "ACCOUNT"}, "sk": {"S": DEV}})
    cleanup_account.clock(90)
    report = cleanup_account.run()
    assert (changes(report), report["result"]["failures"]) == ({f"{PROD}:tool": "reported"}, [])


def test_the_answer_is_json_whatever_the_role_has(cleanup_account, shut) -> None:
    answer = provision({"action": "look_at_roles", "names": [f"{DEV}:tool", f"{DEV}:nosuch"]}, None)
    [role] = json.loads(json.dumps(answer))["result"]["roles"]
    assert (role["name"], role["last_used_at"], role["quarantined"]) == (f"{DEV}:tool", None, False)
    assert role["fingerprint"]


def test_a_caller_is_told_not_to_try_an_account_out_of_reach_again_at_once(cleanup_account, shut, call) -> None:
    shut.add(DEV)
    admin = make_user("root-of-trust", "broker-administrators")
    status, document, headers = call("PUT", f"/v1/roles/{DEV}:tool", admin, {**TEMPLATE, "name": f"{DEV}:tool"})
    assert (status, DEV in document["detail"], headers["Retry-After"]) == (503, True, "900")
