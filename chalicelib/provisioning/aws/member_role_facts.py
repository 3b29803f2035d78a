"""Facts of a role in a member account, read there for an explanation, or because a session of it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def read(iam: IAMClient, arn: str) -> dict[str, Any] | None:
    """Trust, boundary, longest session, inline policies, and the ARNs of attached ones; None if there is no such role.

    The spoke role may not read managed policies: those of AWS are the same in every account.
    """
    name = arn.rsplit("/", maxsplit=1)[-1]
    try:
        role = iam.get_role(RoleName=name)["Role"]
        if role["Arn"] != arn:
            return None
        return {
            "trust": role["AssumeRolePolicyDocument"],
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "max_session_seconds": role.get("MaxSessionDuration", 3600),
            "inline": _inline(iam, name),
            "attached": _attached(iam, name),
        }
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise translated(error, "reading the role's IAM") from error


def identity(iam: IAMClient, name: str) -> dict[str, str] | None:
    """Unique id and path, which no change of the role can change; None if there is no role of exactly this name.

    IAM takes names that differ in case only for one; rules and suspensions do not.
    """
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise translated(error, "reading the caller's role") from error
    if role["RoleName"] != name:
        return None
    return {"unique_id": role["RoleId"], "path": role["Path"]}


def _inline(iam: IAMClient, name: str) -> dict[str, Any]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
    policies = [policy for page in pages for policy in page["PolicyNames"]]
    return {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in policies}


def _attached(iam: IAMClient, name: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]
