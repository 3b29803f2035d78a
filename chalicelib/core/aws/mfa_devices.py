"""The MFA devices of an IAM user (IAM API reference: ListMFADevices)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from chalicelib.core.domain.callers import Caller


def mfa_devices(iam: IAMClient, caller: Caller) -> tuple[str, ...]:
    """The serial numbers, in order; AwsUnavailable or RefusedByAws where IAM does not say."""
    try:
        found = iam.list_mfa_devices(UserName=caller.name)["MFADevices"]
    except (ClientError, BotoCoreError) as error:
        raise translated(error, "reading the caller's MFA devices") from error
    return tuple(sorted(device["SerialNumber"] for device in found))
