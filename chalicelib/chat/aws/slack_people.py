"""IAM users who are linked to a Slack account, read in bulk: ListUsers does not return tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.chat.domain.visits import Linked
from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.callers import SLACK_TAG, Caller, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import UserDetailTypeDef

KEPT_SECONDS = 60
"""As long as the API trusts what it read of a caller."""


class IamDirectory:
    """GetAccountAuthorizationDetails(Filter=User): names, ids, groups and tags, page by page."""

    def __init__(self, client: IAMClient, clock: Callable[[], datetime]) -> None:
        self._iam, self._clock = client, clock
        self._kept: tuple[datetime, list[Linked]] | None = None

    def people(self) -> list[Linked]:
        """All linked users, at most a minute old."""
        now = self._clock()
        if self._kept is None or (now - self._kept[0]).total_seconds() >= KEPT_SECONDS:
            self._kept = (now, self._read())
        return self._kept[1]

    def _read(self) -> list[Linked]:
        try:
            pages = self._iam.get_paginator("get_account_authorization_details").paginate(Filter=["User"])
            users = [user for page in pages for user in page["UserDetailList"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading who is linked") from error
        return [linked for user in users if (linked := _linked(user))]


def _linked(user: UserDetailTypeDef) -> Linked | None:
    tags = tags_of(user)
    if SLACK_TAG not in tags:
        return None
    name, arn, groups = user["UserName"], user["Arn"], tuple(user.get("GroupList", ()))
    return Linked(Caller("user", name, arn, arn.split(":")[4], user["UserId"], groups, tags), tags[SLACK_TAG])
