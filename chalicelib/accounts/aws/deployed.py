"""Boundaries and guards as IAM has them, in the hub and in member accounts (GetPolicy, GetPolicyVersion)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.accounts.domain.deployed import Deployed
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.roles import SPOKE_ROLE, SPOKE_TEMPLATE_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_iam import IAMClient

    from chalicelib.accounts.aws.spokes import SpokeRoles
    from chalicelib.accounts.domain.deployed import Documents

ABSENT = frozenset({"NoSuchEntity", "AccessDenied"})
"""An older spoke role may not read them: then the account has an older template."""


class DeployedPolicies:
    """`arns` are the hub's policies; an account has them under the same names."""

    def __init__(self, iam: IAMClient, home: str, arns: Sequence[str], spokes: SpokeRoles) -> None:
        self._iam, self._home, self._arns, self._spokes = iam, home, arns, spokes

    def here(self) -> Documents:
        """The hub's documents."""
        return self._documents(self._iam, self._home)

    def there(self, account: str) -> Deployed:
        """The account's, by a new session."""
        iam = self._spokes.enter(account)
        return Deployed(_template(iam), self._documents(iam, account))

    def _documents(self, iam: IAMClient, account: str) -> Documents:
        return {
            arn.rpartition("/")[2]: _document(iam, arn.replace(f":{self._home}:", f":{account}:", 1), account)
            for arn in self._arns
        }


def _template(iam: IAMClient) -> str:
    try:
        tags = iam.get_role(RoleName=SPOKE_ROLE)["Role"].get("Tags", [])
    except (ClientError, BotoCoreError) as error:
        raise translated(error, "reading the spoke role") from error
    return next((tag["Value"] for tag in tags if tag["Key"] == SPOKE_TEMPLATE_TAG), "")


def _document(iam: IAMClient, arn: str, account: str) -> Mapping[str, Any] | None:
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) in ABSENT:
            return None
        raise translated(error, "reading a boundary") from error
    found: Mapping[str, Any] = json.loads(json.dumps(answer["PolicyVersion"]["Document"]).replace(account, "ACCOUNT"))
    return found
