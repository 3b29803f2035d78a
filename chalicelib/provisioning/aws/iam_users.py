"""IAM users: made without permissions, read with everything that could grant some, deleted whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.callers import tags_of
from chalicelib.core.domain.errors import AwsUnavailable, NotFound
from chalicelib.core.domain.roles import ROLE_PATH
from chalicelib.provisioning.aws.iam_consistency import if_there
from chalicelib.provisioning.domain.users import AccessKey, GivenPolicy, Group, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import UserTypeDef

    from chalicelib.provisioning.aws.iam_consistency import SettlingTime
    from chalicelib.provisioning.aws.iam_policies import IamPolicies


UNREADABLE = {"Statement": [{"Effect": "Allow"}]}
"""Stands for a policy whose document IAM does not show: it counts as granting."""


class IamUsers:
    """The port UserAdmin (IAM API reference: CreateUser and its kin)."""

    def __init__(self, client: IAMClient, library: IamPolicies, settling: SettlingTime, sign_in_arn: str = "") -> None:
        self._iam, self._library, self._settling, self._sign_in_arn = client, library, settling, sign_in_arn

    def read(self, name: str) -> User | None:
        """The user with groups, keys and whether they can sign in, or None."""
        try:
            found: User | None = self._settling.until_shown(self._look, name=name)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the user") from error
        return found

    def existing(self, name: str) -> User:
        """The user who is known to be there, once IAM shows them: about 16 seconds, then AwsUnavailable."""
        try:
            found: User = self._settling.until_shown(self._shown, name=name)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                raise AwsUnavailable("IAM does not show the user it just made. Repeat in a minute.") from error
            raise translated(error, "reading the user") from error
        return found

    def _shown(self, name: str) -> User:
        return self._whole(self._iam.get_user(UserName=name)["User"])

    def tagged(self, key: str, value: str) -> tuple[str, ...]:
        """The names of all users with this tag: read in bulk, since ListUsers answers no tags."""
        try:
            pages = self._iam.get_paginator("get_account_authorization_details").paginate(Filter=["User"])
            users = [user for page in pages for user in page["UserDetailList"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the users' tags") from error
        return tuple(user["UserName"] for user in users if tags_of(user).get(key) == value)

    def policies(self, user: User) -> tuple[GivenPolicy, ...]:
        """Inline, attached and inherited policies with their documents."""
        try:
            own = self._given("user", UserName=user.name)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the user's policies") from error
        return own + tuple(policy for group in user.groups for policy in self.group(group).policies)

    def group(self, name: str) -> Group:
        """The group with its policies; NotFound if there is none of that name."""
        try:
            path = self._iam.get_group(GroupName=name, MaxItems=1)["Group"]["Path"]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                raise NotFound(f"There is no group {name}.") from error
            raise translated(error, "reading a group") from error
        try:
            return Group(name, path, self._given("group", GroupName=name))
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading a group's policies") from error

    def create(self, name: str, tags: Mapping[str, str]) -> User:
        """CreateUser under our path; RefusedByAws if the name is taken."""
        parameters = {"UserName": name, "Path": ROLE_PATH, "Tags": _tags(tags)}
        made = self._write("creating the user", self._iam.create_user, **parameters)["User"]
        self._settling.made.add(name)
        return User(name, made["Arn"], made["Path"], made["UserId"], dict(tags))

    def set_tags(self, user: User, tags: Mapping[str, str]) -> None:
        """Make these the user's tags, no others."""
        gone = sorted(set(user.tags) - set(tags))
        new = {key: value for key, value in tags.items() if user.tags.get(key) != value}
        if gone:
            self._write("tagging the user", self._iam.untag_user, UserName=user.name, TagKeys=gone)
        if new:
            self._write("tagging the user", self._iam.tag_user, UserName=user.name, Tags=_tags(new))

    def set_groups(self, user: User, groups: tuple[str, ...]) -> None:
        """Make these the user's groups, no others."""
        for group in sorted(set(user.groups) - set(groups)):
            self._take(self._iam.remove_user_from_group, UserName=user.name, GroupName=group)
        for group in sorted(set(groups) - set(user.groups)):
            doing = "adding the user to a group"
            self._write(doing, self._iam.add_user_to_group, UserName=user.name, GroupName=group)

    def allow_sign_in(self, name: str) -> None:
        """AttachUserPolicy with the one policy that our own permissions let us attach."""
        attach = self._iam.attach_user_policy
        self._write("letting the user sign in", attach, UserName=name, PolicyArn=self._sign_in_arn)

    def forbid_sign_in(self, name: str) -> None:
        """DetachUserPolicy; fine if it is not attached."""
        self._take(self._iam.detach_user_policy, UserName=name, PolicyArn=self._sign_in_arn)

    def give_password(self, name: str, password: str) -> None:
        """CreateLoginProfile; to be changed at first sign-in."""
        create = self._iam.create_login_profile
        parameters = {"UserName": name, "Password": password, "PasswordResetRequired": True}
        self._write("giving the user a password", create, **parameters)

    def take_password(self, name: str) -> None:
        """DeleteLoginProfile; fine if there is none."""
        self._take(self._iam.delete_login_profile, UserName=name)

    def give_access_key(self, name: str) -> AccessKey:
        """CreateAccessKey."""
        key = self._write("making an access key", self._iam.create_access_key, UserName=name)["AccessKey"]
        return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])

    def take_keys(self, user: User, keep: tuple[str, ...] = ()) -> None:
        """Delete the user's access keys but those in `keep`."""
        for key in sorted(set(user.access_keys) - set(keep)):
            self._take(self._iam.delete_access_key, UserName=user.name, AccessKeyId=key)

    def delete(self, user: User) -> None:
        """Keys, password, MFA devices, groups and policies, then the user: the order IAM demands."""
        name = {"UserName": user.name}
        self.take_keys(user)
        self.take_password(user.name)
        for serial in self._names("list_mfa_devices", "MFADevices", "SerialNumber", **name):
            self._take(self._iam.deactivate_mfa_device, **name, SerialNumber=serial)
        # The virtual device that the broker makes is named after the user, also where it was never enabled.
        self._take(self._iam.delete_virtual_mfa_device, SerialNumber=user.arn.replace(":user/", ":mfa/", 1))
        self.set_groups(user, ())
        for policy in self._names("list_user_policies", "PolicyNames", "", **name):
            self._take(self._iam.delete_user_policy, **name, PolicyName=policy)
        for arn in self._names("list_attached_user_policies", "AttachedPolicies", "PolicyArn", **name):
            self._take(self._iam.detach_user_policy, **name, PolicyArn=arn)
        self._take(self._iam.delete_user, **name)

    def _look(self, name: str) -> User | None:
        """None only if GetUser says so."""
        found = if_there(self._iam.get_user, UserName=name)
        return self._whole(found["User"]) if found else None

    def _whole(self, user: UserTypeDef) -> User:
        name = user["UserName"]  # as IAM spells it: it finds a name in any letter case
        return User(
            name=name,
            arn=user["Arn"],
            path=user["Path"],
            unique_id=user["UserId"],
            tags=tags_of(user),
            groups=tuple(sorted(self._names("list_groups_for_user", "Groups", "GroupName", UserName=name))),
            console_access=if_there(self._iam.get_login_profile, UserName=name) is not None,
            access_keys=tuple(self._names("list_access_keys", "AccessKeyMetadata", "AccessKeyId", UserName=name)),
        )

    def _given(self, of: str, **name: str) -> tuple[GivenPolicy, ...]:
        """Anew if a policy goes while they are read."""
        found: tuple[GivenPolicy, ...] = self._settling.until_shown(lambda: tuple(self._policies(of, **name)))
        return found

    def _policies(self, of: str, **name: str) -> Iterator[GivenPolicy]:
        """The policies of a user or group; `via` says "user policy X" or "group G: policy X"."""
        owner = "" if of == "user" else f"group {name['GroupName']}: "
        for policy in self._names(f"list_{of}_policies", "PolicyNames", "", **name):
            document = getattr(self._iam, f"get_{of}_policy")(**name, PolicyName=policy)["PolicyDocument"]
            yield GivenPolicy(f"{owner}inline policy {policy}", document)
        for arn in self._names(f"list_attached_{of}_policies", "AttachedPolicies", "PolicyArn", **name):
            document = self._library.document(arn)
            via = f"{owner}attached policy {arn.rpartition('/')[2]}"
            yield GivenPolicy(via, document) if document else GivenPolicy(f"{via} (unreadable)", UNREADABLE)

    def _names(self, operation: str, list_name: str, member: str, **parameters: str) -> list[str]:
        # The operation is named by its caller, so no overload of the stubs fits.
        pages = self._iam.get_paginator(operation).paginate(**parameters)  # type: ignore[call-overload]
        return [entry[member] if member else entry for page in pages for entry in page[list_name]]

    def _take(self, operation: Callable[..., Any], **parameters: str) -> None:
        try:
            self._settling.call(operation, **parameters)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) != "NoSuchEntity":
                raise translated(error, "taking something from the user") from error

    def _write(self, doing: str, operation: Callable[..., Any], **parameters: Any) -> Any:
        try:
            return self._settling.until_shown(operation, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, doing) from error


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
