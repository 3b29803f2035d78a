"""All roles of the account in bulk (GetAccountAuthorizationDetails), and one role looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.cleanup.domain.facts import RoleFacts
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.roles import ROLE_PATH
from chalicelib.provisioning.domain.fingerprints import fingerprint
from chalicelib.provisioning.domain.role_state import QUARANTINE_POLICY, RoleState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import (
        ListInstanceProfilesForRoleResponseTypeDef,
        ListRolePoliciesResponseTypeDef,
    )

PAGE = 200
"""Roles per page: with their documents about a megabyte, of which only facts are kept."""


class IamRoleInventory:
    """IAM API reference: GetAccountAuthorizationDetails is the one bulk call that tells RoleLastUsed."""

    def __init__(self, client: IAMClient) -> None:
        self._iam = client

    def every(self) -> Iterator[RoleFacts]:
        """Page by page, nothing kept; AwsUnavailable when AWS throttles for longer than the client waits."""
        pages = self._iam.get_paginator("get_account_authorization_details").paginate(
            Filter=["Role"], PaginationConfig={"PageSize": PAGE}
        )
        try:
            for page in pages:
                yield from map(_from_detail, page["RoleDetailList"])
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the roles of the account") from error

    def look(self, name: str) -> RoleFacts | None:
        """One role as IAM shows it at this moment, or None."""
        try:
            role = self._iam.get_role(RoleName=name)["Role"]
            inline = [one for page in self._policies(name) for one in page["PolicyNames"]]
            profiles = [one for page in self._profiles(name) for one in page["InstanceProfiles"]]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise translated(error, "looking at the role again") from error
        return _facts(role, inline, profiles)

    def _policies(self, name: str) -> Iterable[ListRolePoliciesResponseTypeDef]:
        return self._iam.get_paginator("list_role_policies").paginate(RoleName=name)

    def _profiles(self, name: str) -> Iterable[ListInstanceProfilesForRoleResponseTypeDef]:
        return self._iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name)


def _from_detail(detail: Mapping[str, Any]) -> RoleFacts:
    inline = [policy["PolicyName"] for policy in detail.get("RolePolicyList", [])]
    marks = _fingerprint(detail) if detail["Path"] == ROLE_PATH else {}
    return _facts(detail, inline, detail.get("InstanceProfileList", []), marks)


def _facts(
    role: Mapping[str, Any], inline: list[str], profiles: list[Any], fingerprint_: Mapping[str, str] | None = None
) -> RoleFacts:
    return RoleFacts(
        name=role["RoleName"],
        path=role["Path"],
        unique_id=role["RoleId"],
        created_at=role["CreateDate"],
        last_used_at=role.get("RoleLastUsed", {}).get("LastUsedDate"),
        tags=_tags(role),
        instance_profiles=tuple(profile["InstanceProfileName"] for profile in profiles),
        boundary_arn=_boundary(role),
        quarantined=QUARANTINE_POLICY in inline,
        fingerprint=fingerprint_ or {},
    )


def _fingerprint(detail: Mapping[str, Any]) -> dict[str, str]:
    state = RoleState(
        description="",
        max_session_seconds=0,
        trust=detail["AssumeRolePolicyDocument"],
        boundary_arn=_boundary(detail),
        managed_policies=tuple(policy["PolicyArn"] for policy in detail.get("AttachedManagedPolicies", [])),
        inline_policies={one["PolicyName"]: one["PolicyDocument"] for one in detail.get("RolePolicyList", [])},
        tags=_tags(detail),
    )
    return fingerprint(state)


def _boundary(role: Mapping[str, Any]) -> str:
    return str(role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))


def _tags(role: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
