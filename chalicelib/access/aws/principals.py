"""IAM, read only: the user or role behind a caller, and users by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.domain.facts import Facts, described
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.callers import USER_NAME, Caller, tags_of
from chalicelib.core.domain.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class IamPrincipals:
    """GetUser and ListGroupsForUser for users, GetRole for assumed-role sessions."""

    def __init__(self, client: IAMClient) -> None:
        self._iam = client

    def facts(self, caller: Caller) -> Facts:
        """The user or role behind the caller; Refused if IAM has none of that name."""
        try:
            return self._user(caller.name) if caller.kind == "user" else self._role(caller.name.partition("/")[0])
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                raise Refused("IAM no longer knows this caller.") from error
            raise translated(error, "reading the caller from IAM") from error

    def user(self, name: str) -> Caller | None:
        """The IAM user of that name with groups and tags, or None."""
        if not USER_NAME.fullmatch(name):
            return None
        try:
            found = self._user(name)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise translated(error, "reading IAM") from error
        return described(Caller("user", name, found.arn, found.arn.split(":")[4], found.unique_id), found)

    def _user(self, name: str) -> Facts:
        user = self._iam.get_user(UserName=name)["User"]
        pages = self._iam.get_paginator("list_groups_for_user").paginate(UserName=name)
        groups = tuple(group["GroupName"] for page in pages for group in page["Groups"])
        return Facts(user["UserId"], "user", name, user["Arn"], groups, tags_of(user))

    def _role(self, name: str) -> Facts:
        role = self._iam.get_role(RoleName=name)["Role"]
        return Facts(role["RoleId"], "role", name, role["Arn"], tags=tags_of(role))
