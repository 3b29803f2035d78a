"""Users and roles of the account in bulk (IAM API reference: GetAccountAuthorizationDetails)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import botocore.config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.domain.facts import Facts
from chalicelib.core.aws.clients import translated, with_settings
from chalicelib.core.domain.callers import tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import RoleDetailTypeDef, UserDetailTypeDef

PAGE = 500
"""Users and roles per page. IAM may answer fewer; roles come with their policies, about 5 kB each."""

SERVICE_LINKED = "/aws-service-role/"
"""Roles that AWS's own services use: they call no API of ours."""

WITHIN_A_RUN = botocore.config.Config(
    connect_timeout=2,
    read_timeout=10,
    # 33 s at most for an IAM that hangs: the run can still write that down. Throttled pages wait up to 3 s.
    retries={"mode": "standard", "total_max_attempts": 3},
    parameter_validation=False,
    user_agent="access-broker",
)


def iam_within_a_run() -> IAMClient:
    """An IAM client that gives up while there is time to write that down."""
    client: IAMClient = with_settings("iam", WITHIN_A_RUN)
    return client


class IamCallers:
    """Page by page; of each page only facts are kept."""

    def __init__(self, client: IAMClient) -> None:
        self._iam, self._pages = client, 0

    def callers(self) -> Iterator[Facts]:
        """Every user and role but the service-linked; AwsUnavailable where a page does not come."""
        pages = self._iam.get_paginator("get_account_authorization_details").paginate(
            Filter=["User", "Role"], PaginationConfig={"PageSize": PAGE}
        )
        self._pages = 0
        try:
            for page in pages:
                self._pages += 1
                yield from map(_user, page["UserDetailList"])
                yield from map(_role, filter(_may_call, page["RoleDetailList"]))
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the callers") from error

    def pages(self) -> int:
        """How many answers the latest listing took."""
        return self._pages


def _may_call(role: RoleDetailTypeDef) -> bool:
    return not role["Path"].startswith(SERVICE_LINKED)


def _user(user: UserDetailTypeDef) -> Facts:
    # In the order of their names: IAM promises none, and another order would be a change.
    groups = tuple(sorted(user.get("GroupList", ())))
    return Facts(user["UserId"], "user", user["UserName"], user["Arn"], groups, tags_of(user))


def _role(role: RoleDetailTypeDef) -> Facts:
    return Facts(role["RoleId"], "role", role["RoleName"], role["Arn"], tags=tags_of(role))
