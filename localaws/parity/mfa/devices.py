"""Virtual MFA devices have a base32 seed. Two codes that follow each other enable one, and put its clock right.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import base64
import re
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ministack.services import iam

from localaws.parity.iam.guards import Refusal, put
from localaws.parity.mfa import codes
from localaws.parity.wrap import around_each

if TYPE_CHECKING:
    from collections.abc import Callable

SEED_BYTES = 40
SERIAL = re.compile(rb"<SerialNumber>([^<]+)<")
DEVICES = 8
WRONG_CODE = Refusal(403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")


def create(original: Callable[..., Any], params: dict[str, Any]) -> Any:
    """A device whose seed an authenticator can read: ministack's is not base32."""
    status, headers, body = original(params)
    if status != HTTPStatus.OK:
        return status, headers, body
    made = iam._mfa_devices[SERIAL.findall(body)[0].decode()]
    old, made["Base32StringSeed"] = made["Base32StringSeed"], base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode()
    return status, headers, body.replace(_blob(old), _blob(made["Base32StringSeed"]))


def pair_of_codes(params: dict[str, Any]) -> Refusal | None:
    """Two codes that follow each other, when the device is there and may be used for the user."""
    device = iam._mfa_devices.get(iam._p(params, "SerialNumber"))
    enabling = iam._p(params, "Action") == "EnableMFADevice"
    if device is None or (enabling and device["User"]) or (not enabling and device["User"] != _user(params)):
        return None
    pair = (iam._p(params, "AuthenticationCode1"), iam._p(params, "AuthenticationCode2"))
    return None if codes.use_pair(device, *pair) else WRONG_CODE


def room(params: dict[str, Any]) -> Refusal | None:
    """A user has eight devices at most."""
    if len(of_user(_user(params))) < DEVICES:
        return None
    return Refusal(409, "LimitExceeded", f"Cannot exceed quota for MFADevicesPerUser: {DEVICES}")


def known_user(params: dict[str, Any]) -> Refusal | None:
    """NoSuchEntity for the devices of a user that does not exist."""
    name = _user(params)
    return None if name in iam._users else Refusal(404, "NoSuchEntity", f"The user with name {name} cannot be found.")


def of_user(name: str) -> list[dict[str, Any]]:
    """The devices that are enabled for a user."""
    return [device for device in iam._mfa_devices.values() if device["User"] == name]


def _user(params: dict[str, Any]) -> str:
    return str(iam._p(params, "UserName"))


def _blob(text: str) -> bytes:
    return base64.b64encode(text.encode())


def install() -> None:
    """Replace what creates a device, and guard what uses its codes."""
    around_each(iam._IAM_HANDLERS, ("CreateVirtualMFADevice",), create)
    put({pair_of_codes: ("EnableMFADevice", "ResyncMFADevice")})
    put({room: ("EnableMFADevice",)})
    put({known_user: ("EnableMFADevice", "ResyncMFADevice", "DeactivateMFADevice", "ListMFADevices")})
