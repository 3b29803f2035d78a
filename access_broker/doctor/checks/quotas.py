"""Quotas of the account that the broker uses up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, check, failed, none_of, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Quotas"
NEAR = 0.8
LITTLE_CONCURRENCY = 50
"""Eight functions share it; new accounts have ten."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of it is used."""

    used: int
    limit: int


@check(
    "iam-quotas",
    topic=TOPIC,
    fact="iam_quotas",
    asks="IAM's quotas leave room for more roles and policies",
    why="at the limit no role can be provisioned",
    do="ask for more in Service Quotas (IAM, us-east-1), or delete what is stale: broker cleanup --dry-run",
)
def iam_quotas(quotas: Mapping[str, Quota]) -> Finding:
    """GetAccountSummary: roles, customer managed policies."""
    near = [f"{name} ({one.used} of {one.limit})" for name, one in quotas.items() if one.used >= NEAR * one.limit]
    return none_of(near, "near the limit", ", ".join(f"{name} {o.used} of {o.limit}" for name, o in quotas.items()))


@check(
    "policies-per-role",
    topic=TOPIC,
    fact="policies_per_role",
    asks="brokered roles have room for their guard policies",
    why="a role with as many policies as IAM takes cannot be given a guard again",
    do="merge some of the role's managed policies in its template",
)
def policies_per_role(facts: Mapping[str, Quota]) -> Finding:
    """Attached policies against the account's quota."""
    full = [f"{name} ({one.used} of {one.limit})" for name, one in facts.items() if one.used > one.limit]
    most = max((one.used for one in facts.values()), default=0)
    return none_of(full, "over the limit", f"{most} at most")


@check(
    "lambda-concurrency",
    topic=TOPIC,
    fact="lambda_concurrency",
    asks="Lambda leaves the functions enough concurrency",
    why="a burst of requests would starve revocations and the audit",
    do="ask for at least 1,000 concurrent executions in Service Quotas (Lambda)",
)
def lambda_concurrency(unreserved: int) -> Finding:
    """GetAccountSettings, unreserved concurrent executions."""
    found = f"{unreserved} unreserved concurrent executions"
    return failed(found) if unreserved < LITTLE_CONCURRENCY else ok(found)
