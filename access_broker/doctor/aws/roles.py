"""Brokered roles as IAM has them, with their tiers from the catalogue."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from access_broker.doctor.aws.refusals import not_allowed
from access_broker.doctor.checks.roles import BrokeredRole

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

PATH = "/access-broker/"
DEPLOYMENT_TAG = "access-broker:deployment"


def policy_prefix(deployment: Deployment) -> str:
    """The beginning of the ARN of every boundary and guard."""
    values = deployment.template.values
    return f"arn:{values['AWS::Partition']}:iam::{values['AWS::AccountId']}:policy{PATH}{deployment.name}-"


@functools.cache
def account_roles(deployment: Deployment) -> list[Any]:
    """Every role of the account with its tags, boundary and policies, in bulk."""
    found = deployment.pages("iam", "get_account_authorization_details", "RoleDetailList", Filter=["Role"])
    return list(found)


def brokered_roles(deployment: Deployment) -> dict[str, BrokeredRole]:
    """The roles under our path that carry this deployment's tag."""
    tiers = _tiers(deployment)
    return {
        one["RoleName"]: _brokered(deployment, one, tiers.get(one["RoleName"], ""))
        for one in account_roles(deployment)
        if one["Path"] == PATH and {"Key": DEPLOYMENT_TAG, "Value": deployment.name} in one.get("Tags", [])
    }


def _brokered(deployment: Deployment, role: Any, tier: str) -> BrokeredRole:
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    attached = [one["PolicyArn"] for one in role.get("AttachedManagedPolicies", [])]
    prefix = policy_prefix(deployment)
    return BrokeredRole(boundary.removeprefix(prefix), tuple(arn.removeprefix(prefix) for arn in attached), tier)


def _tiers(deployment: Deployment) -> dict[str, str]:
    """The catalogue's tiers by role; none where the table may not be read."""
    asked = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "ROLE"}}}
    table = deployment.template.resources["Table"].physical
    try:
        rows = list(deployment.pages("dynamodb", "query", "Items", TableName=table, **asked))
    except ClientError as error:
        if not_allowed(error):
            return {}
        raise
    return {row["sk"]["S"]: row.get("tier", {}).get("S", "workload") for row in rows}
