"""A code proves a second factor once, for a short time, and for its own user."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, refusal, trusting
from tests.unit.localaws.gateway_api import keys_of
from tests.unit.localaws.mfa.conftest import WRONG, Device


def test_a_code_is_good_once(account: Account, alice: tuple[str, Any], device: Device) -> None:
    sts = account.client("sts", alice[1])
    sts.get_session_token(**device.proof())
    for steps in (0, -1):
        code, message = refusal(sts, "get_session_token", **device.proof(steps))
        assert (code, "invalid MFA one time pass code" in message) == ("AccessDenied", True)
    sts.get_session_token(**device.proof(1))


@pytest.mark.parametrize("steps", [-2, 2, 100])
def test_a_code_is_good_for_a_short_time(account: Account, alice: tuple[str, Any], device: Device, steps: int) -> None:
    code, _ = refusal(account.client("sts", alice[1]), "get_session_token", **device.proof(steps))
    assert code == "AccessDenied"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"TokenCode": ""}, "must provide both"),
        ({"SerialNumber": ""}, "must provide both"),
        ({"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/other"}, "unable to validate MFA code"),
        ({"TokenCode": WRONG}, "invalid MFA one time pass code"),
        ({"TokenCode": "12345"}, "invalid MFA one time pass code"),
    ],
)
def test_a_proof_that_fails_is_told(
    account: Account, alice: tuple[str, Any], device: Device, change: dict[str, str], words: str
) -> None:
    role = account.role(trusting(ACCOUNT))
    sts = account.client("sts", alice[1])
    for operation, asked in (
        ("get_session_token", {}),
        ("assume_role", {"RoleArn": role, "RoleSessionName": "test"}),
    ):
        code, message = refusal(sts, operation, **{**asked, **device.proof(), **change})
        assert (code, words in message) == ("AccessDenied", True), message


def test_a_device_proves_nothing_for_another_user(account: Account, device: Device) -> None:
    _, other = account.user(allowing("*"))
    code, message = refusal(account.client("sts", other), "get_session_token", **device.proof())
    assert (code, "unable to validate" in message) == ("AccessDenied", True)


def test_a_request_with_a_wrong_signature_uses_no_code_up(
    account: Account, alice: tuple[str, Any], device: Device
) -> None:
    key = str(keys_of(alice[1]).access_key)
    role = account.role(trusting(ACCOUNT))
    forged = account.client("sts", account.session(key, "guessed"))
    asked = {"RoleArn": role, "RoleSessionName": "test", **device.proof()}
    assert refusal(forged, "assume_role", **asked)[0] == "SignatureDoesNotMatch"
    assert refusal(forged, "get_session_token", **device.proof())[0] == "SignatureDoesNotMatch"
    assert account.client("sts", alice[1]).assume_role(**asked)
