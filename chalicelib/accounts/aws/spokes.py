"""The spoke roles of member accounts, taken by the provision function."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import client_with, translated
from chalicelib.core.domain.errors import AccountUnreachable, NotFound, RefusedByAws
from chalicelib.core.domain.roles import SPOKE_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

    from chalicelib.core.domain.roles import Account
    from chalicelib.core.domain.times import Clock

SPARE = timedelta(minutes=5)
"""A session that ends sooner is replaced."""


@dataclass(slots=True, kw_only=True)
class SpokeRoles:
    """AssumeRole of `access-broker-spoke` (STS API reference). Clients are kept until their session ends.

    `registered` answers the account as the registry has it: no other is entered for a change.
    """

    sts: STSClient
    partition: str
    external_id: str
    deployment: str
    registered: Callable[[str], Account | None]
    clock: Clock
    _kept: dict[str, tuple[datetime, IAMClient]] = field(default_factory=dict, repr=False)

    def enter(self, account: str) -> IAMClient:
        """A new session in the account, and IAM there; RefusedByAws, AwsUnavailable, TooManyRequests."""
        try:
            given = self.sts.assume_role(
                RoleArn=f"arn:{self.partition}:iam::{account}:role/{SPOKE_ROLE}",
                RoleSessionName=f"{self.deployment}-provision"[:64],
                ExternalId=self.external_id,
            )["Credentials"]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, f"entering account {account}") from error
        iam: IAMClient = client_with("iam", given)
        self._kept[account] = (given["Expiration"], iam)
        return iam

    def iam(self, account: str) -> IAMClient:
        """IAM in the account; NotFound if it is not registered, AccountUnreachable where it does not let us in."""
        until, iam = self._kept.get(account, (None, None))
        if until and iam and until - self.clock() > SPARE:
            return iam
        known = self.registered(account)
        if known is None or known.state == "left":
            raise NotFound(f"There is no account {account}: see broker accounts")
        try:
            return self.enter(account)
        except RefusedByAws as refusal:
            raise AccountUnreachable(account, refusal.aws_code) from refusal
