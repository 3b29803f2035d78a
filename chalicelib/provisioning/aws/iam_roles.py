"""IAM roles: read whole, changed attribute by attribute, deleted with everything on them."""

from __future__ import annotations

from itertools import filterfalse
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.errors import RefusedByAws
from chalicelib.core.domain.roles import ROLE_PATH
from chalicelib.provisioning.aws.iam_consistency import if_there
from chalicelib.provisioning.aws.iam_role_changes import call_for, policy_json
from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleState, is_guard, removal_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_iam import IAMClient

    from chalicelib.provisioning.aws.iam_consistency import SettlingTime
    from chalicelib.provisioning.domain.role_state import RoleChange


class IamRoles:
    """The port RoleAdmin (IAM API reference: CreateRole and its kin)."""

    def __init__(self, client: IAMClient, settling: SettlingTime) -> None:
        self._iam, self._settling = client, settling

    def read(self, name: str) -> ProvisionedRole | None:
        """The role of that name with everything that decides what it gives, or None."""
        try:
            found: ProvisionedRole | None = self._settling.until_shown(self._look, name=name)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the role") from error
        return found

    def create(self, name: str, state: RoleState) -> str:
        """CreateRole; the new role's unique id, or "" if the name is taken."""
        parameters = {
            "RoleName": name,
            "Path": ROLE_PATH,
            "Description": state.description,
            "MaxSessionDuration": state.max_session_seconds,
            "AssumeRolePolicyDocument": policy_json(state.trust),
            "PermissionsBoundary": state.boundary_arn,
            "Tags": [{"Key": key, "Value": value} for key, value in state.tags.items()],
        }
        made = self._write("creating the role", self._iam.create_role, "EntityAlreadyExists", **parameters)
        if not made:
            return ""
        self._settling.made.add(name)
        return str(made["Role"]["RoleId"])

    def change(self, name: str, change: RoleChange) -> None:
        """One change, repeatable: what is gone stays gone, what is set is set again."""
        method, parameters = call_for(change)
        doing, operation = f"changing the role's {change.attribute}", getattr(self._iam, method)
        if change.after is None:
            self._write(doing, operation, "NoSuchEntity", RoleName=name, **parameters)
            return
        try:
            self._settling.until_shown(operation, RoleName=name, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, doing) from error

    def join_instance_profile(self, name: str, profile: str) -> None:
        """AddRoleToInstanceProfile. A profile holds one role: "limit exceeded" says that it has one, maybe this one."""
        doing = "putting the role into its instance profile"
        add = self._iam.add_role_to_instance_profile
        added = self._write(doing, add, "LimitExceeded", RoleName=name, InstanceProfileName=profile)
        found = None if added else self.read(name)
        if not added and not (found and profile in found.instance_profiles):
            raise RefusedByAws(f"AWS refused {doing}: another role is in it.", "LimitExceeded")

    def delete(self, role: ProvisionedRole) -> None:
        """Instance profiles, attached and inline policies, then the role: the order IAM demands.

        What only denies goes last: a delete that is cut off leaves no session
        more than it had, and a quarantine in force.
        """
        for profile in role.instance_profiles:
            self._remove(self._iam.remove_role_from_instance_profile, role, InstanceProfileName=profile)
        for arn in filterfalse(is_guard, role.state.managed_policies):
            self._remove(self._iam.detach_role_policy, role, PolicyArn=arn)
        for name in removal_order(role.state.inline_policies):
            self._remove(self._iam.delete_role_policy, role, PolicyName=name)
        for arn in filter(is_guard, role.state.managed_policies):
            self._remove(self._iam.detach_role_policy, role, PolicyArn=arn)
        self._remove(self._iam.delete_role, role)

    def _remove(self, operation: Callable[..., Any], role: ProvisionedRole, **parameters: str) -> None:
        self._write("deleting the role", operation, "NoSuchEntity", RoleName=role.name, **parameters)

    def _write(self, doing: str, operation: Callable[..., Any], done_already: str, **parameters: Any) -> Any:
        """AWS's answer, or None where its error code says that the change is made already."""
        try:
            return self._settling.call(operation, **parameters)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) != done_already:
                raise translated(error, doing) from error
            return None

    def _look(self, name: str) -> ProvisionedRole | None:
        """None only if GetRole says so: a policy that went while we looked, or a role just made, is looked at again."""
        found = if_there(self._iam.get_role, RoleName=name)
        return self._whole(found["Role"]) if found else None

    def _whole(self, role: dict[str, Any]) -> ProvisionedRole:
        """With its policies, if it is under our path: of others in member accounts we may only tell that they exist."""
        name = role["RoleName"]  # as IAM spells it: it finds a name in any letter case
        ours = role["Path"] == ROLE_PATH
        state = RoleState(
            description=role.get("Description", ""),
            max_session_seconds=role.get("MaxSessionDuration", 3600),
            trust=role["AssumeRolePolicyDocument"],
            boundary_arn=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            managed_policies=tuple(sorted(self._attached(name))) if ours else (),
            inline_policies={policy: self._inline(name, policy) for policy in self._inline_names(name)} if ours else {},
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        )
        profiles = tuple(self._profiles(name)) if ours else ()
        used = role.get("RoleLastUsed", {}).get("LastUsedDate")
        return ProvisionedRole(
            name, role["Arn"], role["Path"], role["RoleId"], state, profiles, role["CreateDate"], used
        )

    def _inline_names(self, name: str) -> list[str]:
        pages = self._iam.get_paginator("list_role_policies").paginate(RoleName=name)
        return [policy for page in pages for policy in page["PolicyNames"]]

    def _inline(self, name: str, policy: str) -> Mapping[str, Any]:
        read = self._iam.get_role_policy(RoleName=name, PolicyName=policy)
        return cast("Mapping[str, Any]", read["PolicyDocument"])

    def _attached(self, name: str) -> list[str]:
        pages = self._iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]

    def _profiles(self, name: str) -> list[str]:
        pages = self._iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name)
        return [profile["InstanceProfileName"] for page in pages for profile in page["InstanceProfiles"]]
