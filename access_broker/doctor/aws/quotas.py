"""Quotas and how much of them is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from access_broker.doctor.aws.roles import PATH, account_roles
from access_broker.doctor.checks.quotas import Quota

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment


def iam_quotas(deployment: Deployment) -> dict[str, Quota]:
    """GetAccountSummary names both sides."""
    summary = deployment.client("iam").get_account_summary()["SummaryMap"]
    named = {"roles": "Roles", "managed policies": "Policies", "users": "Users"}
    return {name: Quota(summary[key], summary[f"{key}Quota"]) for name, key in named.items()}


def policies_per_role(deployment: Deployment) -> dict[str, Quota]:
    """Brokered roles with the policies attached to each."""
    limit = deployment.client("iam").get_account_summary()["SummaryMap"]["AttachedPoliciesPerRoleQuota"]
    return {
        one["RoleName"]: Quota(len(one.get("AttachedManagedPolicies", [])), limit)
        for one in account_roles(deployment)
        if one["Path"] == PATH
    }


def lambda_concurrency(deployment: Deployment) -> int:
    """The concurrency that functions without a reservation share."""
    limits = deployment.client("lambda").get_account_settings()["AccountLimit"]
    return int(limits["UnreservedConcurrentExecutions"])
