"""Virtual MFA devices on the embedded AWS are made, enabled, put right and deleted as in IAM."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, document, may, refusal
from tests.unit.localaws.mfa.conftest import WRONG, Device, enable, make


def test_a_new_device_has_a_base32_seed_and_belongs_to_no_one(iam: Any) -> None:
    device = make(iam, Path="/team/")
    assert device.serial.startswith(f"arn:aws:iam::{ACCOUNT}:mfa/team/device-")
    assert len(device.seed) == 64
    assert device.code().isdigit()
    unassigned = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert device.serial in {one["SerialNumber"] for one in unassigned}


def test_two_codes_that_follow_each_other_enable_it(iam: Any, alice: tuple[str, Any]) -> None:
    device = make(iam)
    for first, second in ((-1, -1), (-2, 0), (0, -1), (-9, -8), (5, 6)):
        with pytest.raises(iam.exceptions.InvalidAuthenticationCodeException):
            enable(iam, alice[0], device, first, second)
    assert iam.list_mfa_devices(UserName=alice[0])["MFADevices"] == []
    enable(iam, alice[0], device)
    [listed] = iam.list_mfa_devices(UserName=alice[0])["MFADevices"]
    assert (listed["SerialNumber"], listed["UserName"]) == (device.serial, alice[0])


def test_it_is_enabled_for_one_user(iam: Any, device: Device, account: Account) -> None:
    other = account.user()[0].rsplit("/", 1)[-1]
    codes = {"AuthenticationCode1": device.code(-1), "AuthenticationCode2": device.code()}
    asked = {"UserName": other, "SerialNumber": device.serial, **codes}
    assert refusal(iam, "enable_mfa_device", **asked)[0] == "EntityAlreadyExists"
    assert refusal(iam, "resync_mfa_device", **asked)[0] == "NoSuchEntity"
    assert refusal(iam, "deactivate_mfa_device", UserName=other, SerialNumber=device.serial)[0] == "NoSuchEntity"


def test_a_user_has_eight_devices_at_most(iam: Any, alice: tuple[str, Any]) -> None:
    for _ in range(8):
        enable(iam, alice[0], make(iam))
    with pytest.raises(iam.exceptions.LimitExceededException):
        enable(iam, alice[0], make(iam))


def test_resync_takes_two_codes(iam: Any, alice: tuple[str, Any], device: Device) -> None:
    asked = {"UserName": alice[0], "SerialNumber": device.serial}
    wrong = {"AuthenticationCode1": WRONG, "AuthenticationCode2": WRONG}
    right = {"AuthenticationCode1": device.code(-1), "AuthenticationCode2": device.code()}
    assert refusal(iam, "resync_mfa_device", **asked, **wrong)[0] == "InvalidAuthenticationCode"
    iam.resync_mfa_device(**asked, **right)
    assert refusal(iam, "resync_mfa_device", **asked, **right)[0] == "InvalidAuthenticationCode"


def test_it_is_deactivated_before_it_goes(iam: Any, alice: tuple[str, Any], device: Device) -> None:
    assert refusal(iam, "delete_virtual_mfa_device", SerialNumber=device.serial)[0] == "DeleteConflict"
    iam.deactivate_mfa_device(UserName=alice[0], SerialNumber=device.serial)
    assert iam.list_mfa_devices(UserName=alice[0])["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=device.serial)
    assert refusal(iam, "delete_virtual_mfa_device", SerialNumber=device.serial)[0] == "NoSuchEntity"


def test_a_user_with_a_device_cannot_be_deleted(account: Account, iam: Any) -> None:
    name = f"user-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    device = make(iam)
    enable(iam, name, device)
    assert refusal(iam, "delete_user", UserName=name)[0] == "DeleteConflict"
    iam.deactivate_mfa_device(UserName=name, SerialNumber=device.serial)
    iam.delete_user(UserName=name)
    assert refusal(iam, "list_mfa_devices", UserName=name)[0] == "NoSuchEntity"


def test_policies_name_the_device_or_its_user(account: Account, iam: Any) -> None:
    arn, keys = account.user()
    name = arn.rsplit("/", 1)[-1]
    its_own = [
        allowing("iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice", Resource=f"arn:aws:iam::*:mfa/{name}"),
        allowing("iam:EnableMFADevice", "iam:ListMFADevices", Resource=arn),
    ]
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*its_own))
    client = account.client("iam", keys)
    assert may(client, "create_virtual_mfa_device", VirtualMFADeviceName=name)
    assert not may(client, "create_virtual_mfa_device", VirtualMFADeviceName=f"{name}-other")
    assert may(client, "delete_virtual_mfa_device", SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/{name}")
    assert not may(client, "delete_virtual_mfa_device", SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/other")
    assert client.list_mfa_devices()["MFADevices"] == []
