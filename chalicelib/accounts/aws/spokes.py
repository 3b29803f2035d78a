"""The spoke roles of member accounts, taken by the provision function."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import client_with, translated
from chalicelib.core.domain.errors import AccountUnreachable, NotFound, RefusedByAws
from chalicelib.core.domain.roles import SPOKE_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

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
    _kept: dict[str, SpokeSession] = field(default_factory=dict, repr=False)

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
        self._kept[account] = SpokeSession(given)
        return self._kept[account].iam()

    def iam(self, account: str) -> IAMClient:
        """IAM in the account; NotFound if it is not registered, AccountUnreachable where it does not let us in."""
        return self._session(account).iam()

    def cloudtrail(self, account: str, region: str) -> CloudTrailClient:
        """CloudTrail of a region in the account; errors as `iam`."""
        return self._session(account).cloudtrail(region)

    def _session(self, account: str) -> SpokeSession:
        kept = self._kept.get(account)
        if kept and kept.given["Expiration"] - self.clock() > SPARE:
            return kept
        known = self.registered(account)
        if known is None or known.state == "left":
            raise NotFound(f"There is no account {account}: see broker accounts")
        try:
            self.enter(account)
        except RefusedByAws as refusal:
            raise AccountUnreachable(account, refusal.aws_code) from refusal
        return self._kept[account]


@dataclass(slots=True)
class SpokeSession:
    """One session of a spoke role, and the clients that sign with it."""

    given: CredentialsTypeDef = field(repr=False)
    _clients: dict[tuple[str, str | None], Any] = field(default_factory=dict, repr=False)

    def iam(self) -> IAMClient:
        """IAM."""
        client: IAMClient = self._client("iam", None)
        return client

    def cloudtrail(self, region: str) -> CloudTrailClient:
        """CloudTrail of a region."""
        client: CloudTrailClient = self._client("cloudtrail", region)
        return client

    def _client(self, service: str, region: str | None) -> Any:
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = client_with(service, self.given, region)
        return self._clients[key]
