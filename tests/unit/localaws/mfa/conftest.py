"""Virtual devices and sessions with a second factor, for the tests of this folder."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from localaws import totp
from tests.unit.localaws.conftest import Account, allowing

if TYPE_CHECKING:
    import boto3

PRESENT = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
WRONG = "000000"


@dataclass(slots=True)
class Device:
    """A virtual device, and a clock that can be set by time steps."""

    serial: str
    seed: str = field(repr=False)

    def code(self, steps: int = 0) -> str:
        return totp.code(self.seed, totp.counter(time.time()) + steps)

    def proof(self, steps: int = 0) -> dict[str, str]:
        return {"SerialNumber": self.serial, "TokenCode": self.code(steps)}


def make(iam: Any, **more: str) -> Device:
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"device-{uuid4().hex[:8]}", **more)["VirtualMFADevice"]
    return Device(made["SerialNumber"], made["Base32StringSeed"].decode())


def enable(iam: Any, user: str, device: Device, first: int = -3, second: int = -2) -> None:
    """With two old codes, so that the present one is still good."""
    pair = {"AuthenticationCode1": device.code(first), "AuthenticationCode2": device.code(second)}
    iam.enable_mfa_device(UserName=user, SerialNumber=device.serial, **pair)


@pytest.fixture
def iam(account: Account) -> Any:
    return account.client("iam")


@pytest.fixture
def alice(account: Account) -> tuple[str, boto3.Session]:
    """The name and the long-term keys of a user who may do everything."""
    arn, keys = account.user(allowing("*"))
    return arn.rsplit("/", 1)[-1], keys


@pytest.fixture
def device(iam: Any, alice: tuple[str, boto3.Session]) -> Device:
    found = make(iam)
    enable(iam, alice[0], found)
    return found


def proven(account: Account, keys: boto3.Session, device: Device, **more: Any) -> boto3.Session:
    """The session of GetSessionToken with the present code."""
    return own(account, keys, **device.proof(), **more)


def own(account: Account, keys: boto3.Session, **asked: Any) -> boto3.Session:
    """The session of GetSessionToken."""
    given = account.client("sts", keys).get_session_token(**asked)["Credentials"]
    return account.session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
