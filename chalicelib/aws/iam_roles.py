"""IAM roles: read whole, changed attribute by attribute, deleted with everything on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.clients import error_code, translated
from chalicelib.aws.iam_role_changes import call_for, policy_json
from chalicelib.domain.provisioning import ProvisionedRole, RoleState
from chalicelib.domain.roles import ROLE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.aws.iam_settling import Settling
    from chalicelib.domain.provisioning import Change


class IamRoles:
    """The port RoleAdmin (IAM API reference: CreateRole and its kin)."""

    def __init__(self, client: Any, settling: Settling) -> None:
        self._iam, self._settling = client, settling

    def read(self, name: str) -> ProvisionedRole | None:
        """The role of that name with everything that decides what it gives, or None."""
        try:
            role = self._iam.get_role(RoleName=name)["Role"]
            return self._whole(name, role)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise translated(error, "reading the role") from error

    def create(self, name: str, state: RoleState) -> None:
        """CreateRole. A role that is there already is left for `change`."""
        parameters = {
            "RoleName": name,
            "Path": ROLE_PATH,
            "Description": state.description,
            "MaxSessionDuration": state.max_session_seconds,
            "AssumeRolePolicyDocument": policy_json(state.trust),
            "PermissionsBoundary": state.boundary_arn,
            "Tags": [{"Key": key, "Value": value} for key, value in state.tags.items()],
        }
        self._write("creating the role", self._iam.create_role, "EntityAlreadyExists", **parameters)

    def change(self, name: str, change: Change) -> None:
        """One change, repeatable: what is gone stays gone, what is set is set again."""
        operation, parameters = call_for(change)
        doing = f"changing the role's {change.attribute}"
        gone = "NoSuchEntity" if change.after is None else ""
        self._write(doing, getattr(self._iam, operation), gone, RoleName=name, **parameters)

    def join_instance_profile(self, name: str, profile: str) -> None:
        """AddRoleToInstanceProfile. A profile holds one role: "limit exceeded" says that it has one already."""
        doing = "putting the role into its instance profile"
        add = self._iam.add_role_to_instance_profile
        self._write(doing, add, "LimitExceeded", RoleName=name, InstanceProfileName=profile)

    def delete(self, role: ProvisionedRole) -> None:
        """Instance profiles, attached and inline policies, then the role: the order IAM demands."""
        for profile in role.instance_profiles:
            self._remove(self._iam.remove_role_from_instance_profile, role, InstanceProfileName=profile)
        for arn in role.state.managed_policies:
            self._remove(self._iam.detach_role_policy, role, PolicyArn=arn)
        for name in role.state.inline_policies:
            self._remove(self._iam.delete_role_policy, role, PolicyName=name)
        self._remove(self._iam.delete_role, role)

    def _remove(self, operation: Callable[..., Any], role: ProvisionedRole, **parameters: str) -> None:
        self._write("deleting the role", operation, "NoSuchEntity", RoleName=role.name, **parameters)

    def _write(self, doing: str, operation: Callable[..., Any], done_already: str, **parameters: Any) -> None:
        try:
            self._settling.call(operation, **parameters)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) != done_already:
                raise translated(error, doing) from error

    def _whole(self, name: str, role: dict[str, Any]) -> ProvisionedRole:
        state = RoleState(
            description=role.get("Description", ""),
            max_session_seconds=role.get("MaxSessionDuration", 3600),
            trust=role["AssumeRolePolicyDocument"],
            boundary_arn=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            managed_policies=tuple(sorted(self._listed("list_attached_role_policies", "PolicyArn", name))),
            inline_policies={policy: self._inline(name, policy) for policy in self._inline_names(name)},
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        )
        profiles = tuple(self._listed("list_instance_profiles_for_role", "InstanceProfileName", name))
        return ProvisionedRole(name, role["Arn"], role["Path"], role["RoleId"], state, profiles)

    def _inline_names(self, name: str) -> list[str]:
        pages = self._iam.get_paginator("list_role_policies").paginate(RoleName=name)
        return [policy for page in pages for policy in page["PolicyNames"]]

    def _inline(self, name: str, policy: str) -> Mapping[str, Any]:
        document: Mapping[str, Any] = self._iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        return document

    def _listed(self, operation: str, member: str, name: str) -> list[str]:
        pages = self._iam.get_paginator(operation).paginate(RoleName=name)
        lists = {
            "list_attached_role_policies": "AttachedPolicies",
            "list_instance_profiles_for_role": "InstanceProfiles",
        }
        return [entry[member] for page in pages for entry in page[lists[operation]]]
