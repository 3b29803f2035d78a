"""Users and roles outside the stack that could do what only the broker should: IAM simulates each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.doctor.checks.others import Others

if TYPE_CHECKING:
    from collections.abc import Iterator

    from access_broker.doctor.aws.deployment import Deployment

MOST = 300
"""Principals that are simulated; SimulatePrincipalPolicy is slow and its rate is small."""

INVOKE = ("lambda:InvokeFunction",)
TABLES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
LOG = ("logs:PutLogEvents", "logs:DeleteLogStream")
ADMINISTRATOR = ("iam:PutRolePolicy",)
"""One that may change the functions' own roles may do all of it anyway."""


def others(deployment: Deployment) -> Others:
    """Of the principals with any policy, those that are allowed; service-linked roles and the stack's own left out."""
    stack = {one.physical for one in deployment.template.of_type("AWS::IAM::Role")}
    suspects = [arn for arn in _principals(deployment) if arn.rsplit("/", 1)[-1] not in stack]
    found: dict[str, list[str]] = {"invoke": [], "write_tables": [], "write_log": []}
    administrators = 0
    for number, arn in enumerate(suspects[:MOST], 1):
        deployment.say(f"Simulating the account's policies ({number} of {len(suspects[:MOST])})")
        allowed = _allowed(deployment, arn)
        if ADMINISTRATOR[0] in allowed:
            administrators += 1
            continue
        for kind in allowed & found.keys():
            found[kind].append(arn)
    lists = {kind: tuple(arns) for kind, arns in found.items()}
    return Others(**lists, looked=len(suspects[:MOST]), total=len(suspects), administrators=administrators)


def _principals(deployment: Deployment) -> Iterator[str]:
    """ARNs of users and roles that have any policy at all."""
    pages = deployment.client("iam").get_paginator("get_account_authorization_details")
    groups: set[str] = set()
    for page in pages.paginate(Filter=["Group"]):
        groups |= {one["GroupName"] for one in page["GroupDetailList"] if _has_policies(one, "GroupPolicyList")}
    for page in pages.paginate(Filter=["User", "Role"]):
        for user in page["UserDetailList"]:
            if _has_policies(user, "UserPolicyList") or groups & set(user.get("GroupList", [])):
                yield user["Arn"]
        for role in page["RoleDetailList"]:
            if not role["Path"].startswith("/aws-service-role/") and _has_policies(role, "RolePolicyList"):
                yield role["Arn"]


def _has_policies(principal: Any, inline: str) -> bool:
    return bool(principal.get(inline) or principal.get("AttachedManagedPolicies"))


def _allowed(deployment: Deployment, principal: str) -> set[str]:
    """The acts it may do, of `invoke`, `write_tables`, `write_log`; `iam:PutRolePolicy` marks an administrator."""
    values = deployment.template.values
    place = f"{values['AWS::Region']}:{values['AWS::AccountId']}"
    arn = f"arn:{values['AWS::Partition']}"
    made = {name: one.physical for name, one in deployment.template.resources.items()}
    asked = (
        (ADMINISTRATOR, f"{arn}:iam::{values['AWS::AccountId']}:role/{made['ApiHandlerRole']}", ADMINISTRATOR[0]),
        (INVOKE, f"{arn}:lambda:{place}:function:{made['APIHandler']}", "invoke"),
        (TABLES, f"{arn}:dynamodb:{place}:table/{made['Table']}", "write_tables"),
        (LOG, f"{arn}:logs:{place}:log-group:{made['AuditLog']}:log-stream:any", "write_log"),
    )
    found: set[str] = set()
    for actions, resource, kind in asked:
        if _any_allowed(deployment, principal, actions, resource):
            found.add(kind)
            if kind == ADMINISTRATOR[0]:
                break
    return found


def _any_allowed(deployment: Deployment, principal: str, actions: tuple[str, ...], resource: str) -> bool:
    answer = deployment.client("iam").simulate_principal_policy(
        PolicySourceArn=principal, ActionNames=list(actions), ResourceArns=[resource]
    )
    return any(one["EvalDecision"] == "allowed" for one in answer["EvaluationResults"])
