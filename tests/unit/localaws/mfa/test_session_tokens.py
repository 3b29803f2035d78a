"""GetSessionToken on the embedded AWS has the limits that AWS sets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, denying, refusal, trusting
from tests.unit.localaws.mfa.conftest import Device, own, proven


def test_no_permission_is_needed_and_none_can_be_taken(account: Account) -> None:
    _, without = account.user()
    _, denied = account.user(allowing("*"), denying("sts:GetSessionToken"))
    for keys in (without, denied):
        assert account.client("sts", own(account, keys)).get_caller_identity()["Arn"].startswith("arn:aws:iam")


@pytest.mark.parametrize("seconds", [899, 129_601])
def test_it_lives_for_36_hours_at_most(account: Account, seconds: int) -> None:
    _, keys = account.user()
    asked = {"DurationSeconds": seconds}
    assert refusal(account.client("sts", keys), "get_session_token", **asked)[0] == "ValidationError"
    assert refusal(account.client("sts"), "get_session_token", DurationSeconds=3_601)[0] == "ValidationError"
    assert own(account, keys, DurationSeconds=129_600)


def test_it_calls_iam_only_with_a_second_factor(account: Account, alice: tuple[str, Any], device: Device) -> None:
    without, with_it = own(account, alice[1]), proven(account, alice[1], device)
    assert refusal(account.client("iam", without), "list_users")[0] == "InvalidClientTokenId"
    assert account.client("iam", with_it).list_users()["Users"]
    assert account.client("ec2", without).describe_vpcs()["Vpcs"]


def test_of_sts_it_calls_assume_role_and_caller_identity(
    account: Account, alice: tuple[str, Any], device: Device
) -> None:
    session = proven(account, alice[1], device)
    sts, role = account.client("sts", session), account.role(trusting(ACCOUNT))
    assert sts.get_caller_identity()["Arn"].endswith(f"user/{alice[0]}")
    assert account.assumed(session, role)
    assert refusal(sts, "get_session_token")[0] == "AccessDenied"
    assert refusal(sts, "get_federation_token", Name="some")[0] == "AccessDenied"
    asked = {"EncodedMessage": "x"}
    assert refusal(sts, "decode_authorization_message", **asked)[0] == "InvalidClientTokenId"
