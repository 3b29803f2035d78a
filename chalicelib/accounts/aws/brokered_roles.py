"""The brokered roles that an account has, found by their boundary: IAM lists who uses a policy, policy by policy.

ListRoles would need the right to see every role of the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.roles import ROLE_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_iam import IAMClient

    from chalicelib.accounts.aws.spokes import SpokeRoles


class BrokeredRoles:
    """`boundaries` are the hub's; an account has them under the same names."""

    def __init__(self, home: str, boundaries: Iterable[str], spokes: SpokeRoles) -> None:
        self._home, self._boundaries, self._spokes = home, sorted(boundaries), spokes

    def names(self, account: str) -> list[str]:
        """Names under the path; BrokerError if the account does not let the broker in, or does not let it list them."""
        iam = self._spokes.iam(account)
        found = [_under(iam, arn.replace(f":{self._home}:", f":{account}:", 1)) for arn in self._boundaries]
        return sorted(name for names in found for name in names)


def _under(iam: IAMClient, boundary: str) -> list[str]:
    pages = iam.get_paginator("list_entities_for_policy").paginate(
        PolicyArn=boundary, EntityFilter="Role", PathPrefix=ROLE_PATH, PolicyUsageFilter="PermissionsBoundary"
    )
    try:
        return [role["RoleName"] for page in pages for role in page["PolicyRoles"]]
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "NoSuchEntity":
            return []
        raise translated(error, "listing the roles under a boundary") from error
