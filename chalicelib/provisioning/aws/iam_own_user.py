"""IAM: the access keys and MFA devices of one user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.errors import Conflict, InvalidRequest, NotFound
from chalicelib.core.domain.roles import ROLE_PATH
from chalicelib.provisioning.domain.own_identity import NewDevice, OwnDevice, OwnKey
from chalicelib.provisioning.domain.users import AccessKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_iam import IAMClient

    from chalicelib.provisioning.domain.own_identity import KeyStatus

WRONG_CODES = frozenset({"InvalidAuthenticationCode", "ValidationError"})
UNDER_THE_PATH = f":mfa{ROLE_PATH}"


class IamOwnCredentials:
    """The port OwnCredentials (IAM API reference: CreateAccessKey, EnableMFADevice and their kin)."""

    def __init__(self, client: IAMClient, partition: str, account: str) -> None:
        self._iam, self._partition, self._account = client, partition, account

    def keys(self, name: str) -> tuple[OwnKey, ...]:
        """The access keys, oldest first, with their last use as IAM knows it."""
        listed = self._call("reading your keys", self._iam.list_access_keys, UserName=name)["AccessKeyMetadata"]
        return tuple(
            OwnKey(key["AccessKeyId"], key["Status"], key["CreateDate"], self._last_used(key["AccessKeyId"]))
            for key in sorted(listed, key=lambda key: (key["CreateDate"], key["AccessKeyId"]))
        )

    def devices(self, name: str) -> tuple[OwnDevice, ...]:
        """The enabled MFA devices."""
        listed = self._call("reading your devices", self._iam.list_mfa_devices, UserName=name)["MFADevices"]
        return tuple(
            OwnDevice(device["SerialNumber"].rpartition("/")[2], device["SerialNumber"], device["EnableDate"])
            for device in sorted(listed, key=lambda device: str(device["SerialNumber"]))
        )

    def make_key(self, name: str) -> AccessKey:
        """CreateAccessKey; Conflict where the user has as many as IAM allows."""
        try:
            key = self._iam.create_access_key(UserName=name)["AccessKey"]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "LimitExceeded":
                raise Conflict("You have as many access keys as IAM allows. Delete one.") from error
            raise translated(error, "making an access key") from error
        return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])

    def set_key_status(self, name: str, key: str, status: KeyStatus) -> None:
        """UpdateAccessKey."""
        self._call("changing your key", self._iam.update_access_key, UserName=name, AccessKeyId=key, Status=status)

    def delete_key(self, name: str, key: str) -> None:
        """DeleteAccessKey; fine if it is gone."""
        self._gone(self._iam.delete_access_key, UserName=name, AccessKeyId=key)

    def make_device(self, name: str) -> NewDevice:
        """CreateVirtualMFADevice under our path; one of this name that was never enabled is replaced."""
        serial = self._serial(name)
        self._gone(self._iam.delete_virtual_mfa_device, SerialNumber=serial)
        create = self._iam.create_virtual_mfa_device
        made = self._call("making a device", create, Path=ROLE_PATH, VirtualMFADeviceName=name)["VirtualMFADevice"]
        return NewDevice(name, made["SerialNumber"], made["Base32StringSeed"].decode())

    def enable_device(self, user: str, name: str, codes: tuple[str, str]) -> None:
        """EnableMFADevice; InvalidRequest for codes that do not fit, NotFound for no such device."""
        first, second = codes
        try:
            self._iam.enable_mfa_device(
                UserName=user,
                SerialNumber=self._serial(name),
                AuthenticationCode1=first,
                AuthenticationCode2=second,
            )
        except (ClientError, BotoCoreError) as error:
            code = error_code(error)
            if code in WRONG_CODES:
                raise InvalidRequest(
                    "These codes do not fit.", {"codes": "two codes that follow each other"}
                ) from error
            if code == "NoSuchEntity":
                raise NotFound(f"You have no device {name} to enable.") from error
            if code == "EntityAlreadyExists":
                raise Conflict("This device is enabled already.") from error
            raise translated(error, "enabling the device") from error

    def remove_device(self, user: str, serial: str) -> None:
        """DeactivateMFADevice, and DeleteVirtualMFADevice for one under our path."""
        self._gone(self._iam.deactivate_mfa_device, UserName=user, SerialNumber=serial)
        if UNDER_THE_PATH in serial:
            self._gone(self._iam.delete_virtual_mfa_device, SerialNumber=serial)

    def _last_used(self, key: str) -> Any:
        found = self._call("reading your keys", self._iam.get_access_key_last_used, AccessKeyId=key)
        return found["AccessKeyLastUsed"].get("LastUsedDate")

    def _serial(self, name: str) -> str:
        return f"arn:{self._partition}:iam::{self._account}{UNDER_THE_PATH}{name}"

    def _gone(self, operation: Callable[..., Any], **parameters: str) -> None:
        try:
            operation(**parameters)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) != "NoSuchEntity":
                raise translated(error, "changing your keys and devices") from error

    def _call(self, doing: str, operation: Callable[..., Any], **parameters: str) -> Any:
        try:
            return operation(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, doing) from error
