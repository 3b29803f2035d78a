"""A user's own keys on the embedded AWS behave as in IAM, so that a rotation tried there means something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.localaws.conftest import Account, allowing, may, refusal
from tests.unit.localaws.gateway_api import keys_of, open_gateway

if TYPE_CHECKING:
    import boto3


@pytest.fixture
def iam(account: Account) -> Any:
    return account.client("iam")


@pytest.fixture
def dana(account: Account) -> tuple[str, boto3.Session]:
    """A user without policies: the name and the long-term keys."""
    arn, keys = account.user()
    return arn.rsplit("/", 1)[-1], keys


def name_of(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def calls(account: Account, session: boto3.Session) -> bool:
    """True if STS takes the keys."""
    sts = account.client("sts", session)
    try:
        return bool(sts.get_caller_identity())
    except sts.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "InvalidClientTokenId":
            raise
        return False


def test_a_rotation_from_the_first_key_to_the_second(account: Account, iam: Any, dana: tuple[str, Any]) -> None:
    name, old = dana
    old_id = keys_of(old).access_key
    made = iam.create_access_key(UserName=name)["AccessKey"]
    new = account.session(made["AccessKeyId"], made["SecretAccessKey"])
    assert (made["Status"], made["UserName"], len(made["SecretAccessKey"])) == ("Active", name, 40)
    assert made["CreateDate"] <= datetime.now(UTC)
    assert calls(account, old)
    assert calls(account, new)
    iam.update_access_key(UserName=name, AccessKeyId=old_id, Status="Inactive")
    assert not calls(account, old)
    assert calls(account, new)
    iam.update_access_key(UserName=name, AccessKeyId=old_id, Status="Active")
    assert calls(account, old)
    iam.delete_access_key(UserName=name, AccessKeyId=old_id)
    assert not calls(account, old)
    [left] = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert (left["AccessKeyId"], left["Status"]) == (made["AccessKeyId"], "Active")


def test_an_inactive_key_counts_among_the_two(iam: Any, dana: tuple[str, Any]) -> None:
    name, _ = dana
    second = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName=name, AccessKeyId=second, Status="Inactive")
    assert refusal(iam, "create_access_key", UserName=name)[0] == "LimitExceeded"
    iam.delete_access_key(UserName=name, AccessKeyId=second)
    assert iam.create_access_key(UserName=name)


def test_a_key_of_another_user_is_not_found(account: Account, iam: Any, dana: tuple[str, Any]) -> None:
    other = name_of(account.user()[0])
    asked = {"UserName": other, "AccessKeyId": keys_of(dana[1]).access_key}
    assert refusal(iam, "delete_access_key", **asked)[0] == "NoSuchEntity"
    assert refusal(iam, "update_access_key", **asked, Status="Inactive")[0] == "NoSuchEntity"
    assert calls(account, dana[1])


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("create_access_key", {}),
        ("list_access_keys", {}),
        ("delete_access_key", {"AccessKeyId": "AKIAUNKNOWN000000000"}),
        ("update_access_key", {"AccessKeyId": "AKIAUNKNOWN000000000", "Status": "Active"}),
    ],
)
def test_a_user_that_does_not_exist_has_no_keys(iam: Any, operation: str, more: dict[str, str]) -> None:
    assert refusal(iam, operation, UserName="no-such-user", **more)[0] == "NoSuchEntity"


def test_a_request_that_names_no_user_is_about_its_caller(account: Account) -> None:
    arn, keys = account.user(allowing("iam:*", Resource="arn:aws:iam::*:user/${aws:username}"))
    client = account.client("iam", keys)
    assert client.get_user()["User"]["Arn"] == arn
    [listed] = client.list_access_keys()["AccessKeyMetadata"]
    assert (listed["UserName"], listed["AccessKeyId"]) == (name_of(arn), keys_of(keys).access_key)
    made = client.create_access_key()["AccessKey"]
    assert made["UserName"] == name_of(arn)
    client.update_access_key(AccessKeyId=made["AccessKeyId"], Status="Inactive")
    client.delete_access_key(AccessKeyId=made["AccessKeyId"])
    assert not may(client, "list_access_keys", UserName="another")


def test_a_user_without_policies_manages_no_keys(account: Account, dana: tuple[str, Any]) -> None:
    client = account.client("iam", dana[1])
    key_id = keys_of(dana[1]).access_key
    for operation, asked in (
        ("create_access_key", {}),
        ("list_access_keys", {}),
        ("delete_access_key", {"AccessKeyId": key_id}),
        ("get_access_key_last_used", {"AccessKeyId": key_id}),
    ):
        assert not may(client, operation, **asked)


def test_the_last_use_of_a_key_is_told(account: Account, iam: Any, dana: tuple[str, Any]) -> None:
    name, keys = dana
    asked = {"AccessKeyId": keys_of(keys).access_key}
    never = iam.get_access_key_last_used(**asked)
    assert (never["UserName"], never["AccessKeyLastUsed"]) == (name, {"Region": "N/A", "ServiceName": "N/A"})
    assert not may(account.client("ec2", keys), "describe_vpcs")
    used = iam.get_access_key_last_used(**asked)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("ec2", "us-east-1")
    assert datetime.now(UTC) - used["LastUsedDate"] < timedelta(minutes=1)


def test_a_call_of_the_gateway_is_a_use_and_a_forged_one_is_not(account: Account, iam: Any) -> None:
    gateway, (_, keys) = open_gateway(account), account.user()
    key_id = str(keys_of(keys).access_key)
    assert gateway.status_for(account.session(key_id, "guessed")) == 403
    assert "LastUsedDate" not in iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
    assert gateway.status_for(keys) == 200
    assert iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]["ServiceName"] == "execute-api"


def test_the_last_use_is_judged_by_the_user_of_the_key(account: Account, dana: tuple[str, Any]) -> None:
    asked = {"AccessKeyId": keys_of(dana[1]).access_key}
    allowed = allowing("iam:GetAccessKeyLastUsed", Resource=f"arn:aws:iam::*:user/{dana[0]}")
    elsewhere = allowing("iam:GetAccessKeyLastUsed", Resource="arn:aws:iam::*:user/other")
    assert may(account.client("iam", account.user(allowed)[1]), "get_access_key_last_used", **asked)
    assert not may(account.client("iam", account.user(elsewhere)[1]), "get_access_key_last_used", **asked)
