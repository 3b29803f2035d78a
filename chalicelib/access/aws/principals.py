"""IAM, read only: groups and tags of callers, and users by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.callers import USER_NAME, Caller, tags_of
from chalicelib.core.domain.errors import Refused
from chalicelib.core.domain.roles import ROLE_PATH

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class IamPrincipals:
    """GetUser and ListGroupsForUser for users, GetRole for assumed-role sessions."""

    def __init__(self, client: IAMClient) -> None:
        self._iam = client

    def describe(self, caller: Caller) -> Caller:
        """The caller with IAM groups and tags; Refused if IAM knows another unique id under the name."""
        try:
            return self._user(caller) if caller.kind == "user" else self._session(caller)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                raise Refused("IAM no longer knows this caller.") from error
            raise translated(error, "reading the caller from IAM") from error

    def user(self, name: str) -> Caller | None:
        """The IAM user of that name with groups and tags, or None."""
        if not USER_NAME.fullmatch(name):
            return None
        try:
            found = self._iam.get_user(UserName=name)["User"]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise translated(error, "reading IAM") from error
        account = found["Arn"].split(":")[4]
        return self.describe(Caller("user", name, found["Arn"], account, found["UserId"]))

    def _user(self, caller: Caller) -> Caller:
        user = self._iam.get_user(UserName=caller.name)["User"]
        _same(user["UserId"], caller.unique_id)
        pages = self._iam.get_paginator("list_groups_for_user").paginate(UserName=caller.name)
        groups = tuple(group["GroupName"] for page in pages for group in page["Groups"])
        return replace(caller, groups=groups, tags=tags_of(user))

    def _session(self, caller: Caller) -> Caller:
        role = self._iam.get_role(RoleName=caller.name.split("/", maxsplit=1)[0])["Role"]
        _same(role["RoleId"], caller.unique_id.split(":", maxsplit=1)[0])
        return replace(caller, tags=tags_of(role), brokered=role["Path"].startswith(ROLE_PATH))


def _same(current: str, presented: str) -> None:
    """A deleted and recreated namesake has another unique id and inherits nothing."""
    if current != presented:
        raise Refused("This caller was deleted and made again; its old credentials count for nothing here.")
