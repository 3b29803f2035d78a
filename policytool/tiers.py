"""Makes the boundary and the guard of each tier above workload, from policies/tiers.json.

A tier's boundary is the workload boundary less what the tier opens. The
deployer's may also make roles, under one path and only with a boundary of
their own (boundaries/workloads.json), which also closes what guards close on
brokered roles. Run `python -m policytool.tiers` after a change of
policies/boundary.json, tiers.json, reviewed-actions.json or
service-authorization.json.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import WORKLOAD_PATH
from policytool.guard import POLICIES, closing_other_roles, on_instances_with_a_role, other_roles

if TYPE_CHECKING:
    from collections.abc import Iterable

Statement = dict[str, Any]

OWN_ROLES = [
    {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{kind}{WORKLOAD_PATH}*"}
    for kind in ("role", "instance-profile")
]
SERVICE_ROLES = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/*"}
CHANGES = [
    f"iam:{verb}*"
    for verb in (
        "A", "C", "D", "E", "P", "Re", "Se", "T", "U",
    )
]  # fmt: skip
"""Patterns for every action of IAM but reads (Get, List, Generate, Simulate); a test holds them to AWS's data."""

BOUNDED = [
    "iam:CreateRole",
    "iam:PutRolePermissionsBoundary",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
]
HOPS = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
HOP_TAG = "iam:ResourceTag/access-broker:hop"


RESOURCES = POLICIES.parent / ".chalice" / "resources.json"

DEPLOYED = {
    "Boundary": "boundary",
    "BoundaryOperator": "boundaries/operator",
    "BoundaryDeployer": "boundaries/deployer",
    "BoundaryWorkloads": "boundaries/workloads",
    "GuardPermissions": "guards/permissions",
    "GuardOtherRoles": "guards/other-roles",
    "GuardOperator": "guards/operator",
    "GuardDeployer": "guards/deployer",
}
"""The file behind each managed policy of the template, by logical id."""


def main() -> None:
    """Write the files, and the documents into the template."""
    for name, made in {**boundaries(), **tier_guards()}.items():
        (POLICIES / f"{name}.json").write_text(json.dumps(made, indent=2) + "\n")
    template = json.loads(RESOURCES.read_text())
    for logical, name in DEPLOYED.items():
        reviewed = json.loads((POLICIES / f"{name}.json").read_text())
        template["Resources"][logical]["Properties"]["PolicyDocument"] = reviewed
    RESOURCES.write_text(json.dumps(template, indent=2) + "\n")


def boundaries() -> dict[str, Statement]:
    """The boundary documents by file name."""
    tiers = _tiers()
    operator = _opened(tiers["operator"]["opens"])
    return {
        "boundaries/operator": operator,
        "boundaries/deployer": _deployer(_opened(tiers["deployer"]["opens"])),
        "boundaries/workloads": _workloads(tiers["roles_of_workloads"]["closes"]),
    }


def tier_guards() -> dict[str, Statement]:
    """The guard documents by file name."""
    tiers = _tiers()
    return {f"guards/{tier}": other_roles(set(tiers[tier]["opens"])) for tier in ("operator", "deployer")}


def _tiers() -> dict[str, Any]:
    tiers: dict[str, Any] = json.loads((POLICIES / "tiers.json").read_text())
    return tiers


def _opened(opens: Iterable[str]) -> Statement:
    """The workload boundary less these actions."""
    boundary: Statement = json.loads((POLICIES / "boundary.json").read_text())
    for statement in boundary["Statement"]:
        if statement["Effect"] == "Deny" and statement["Resource"] == "*" and "Condition" not in statement:
            statement["Action"] = [one for one in statement["Action"] if one not in set(opens)]
    return boundary


def _workloads(closed: Iterable[str]) -> Statement:
    """The boundary of roles that deployers make: the workload boundary, and what acts as another role."""
    boundary: Statement = json.loads((POLICIES / "boundary.json").read_text())
    for statement in boundary["Statement"]:
        if statement["Sid"] == "NoKnownWayToAnotherRole":
            statement["Action"] = closing_other_roles(statement["Action"], set(closed))
    return {**boundary, "Statement": [*boundary["Statement"], on_instances_with_a_role(set())]}


def _deployer(boundary: Statement) -> Statement:
    """The deployer boundary: identity changes on roles under one path with the workload boundary, and named hops."""
    statements = []
    for statement in boundary["Statement"]:
        if statement["Sid"] == "NoIdentityOrAccountChanges":
            kept = [action for action in statement["Action"] if action != "iam:*"]
            statements += [{**statement, "Action": kept}, *_identity()]
        elif statement["Sid"] == "NoFurtherHopsFromABrokeredRole":
            kept = [action for action in statement["Action"] if action not in HOPS]
            statements += [{**statement, "Action": kept}, *_hops()]
        else:
            statements.append(statement)
    return {**boundary, "Statement": statements}


def _identity() -> list[Statement]:
    return [
        {
            "Sid": "NoIdentityOutsideThePathOfWorkloads",
            "Effect": "Deny",
            "Action": CHANGES,
            "NotResource": [*OWN_ROLES, SERVICE_ROLES],
        },
        {
            "Sid": "NoRoleWithoutTheBoundaryOfWorkloads",
            "Effect": "Deny",
            "Action": BOUNDED,
            "Resource": OWN_ROLES,
            "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": {"Ref": "BoundaryWorkloads"}}},
        },
        {"Sid": "NoBoundaryTakenOff", "Effect": "Deny", "Action": "iam:DeleteRolePermissionsBoundary", "Resource": "*"},
    ]


def _hops() -> list[Statement]:
    """CDK's bootstrap roles, where an administrator has tagged them (docs/provisioning.md, "Tiers").

    Never a role that deployers make: they could tag it themselves, and a session of it would outlive a revocation.
    """
    return [
        {
            "Sid": "NoFurtherHopsButRolesTaggedForIt",
            "Effect": "Deny",
            "Action": HOPS,
            "Resource": "*",
            "Condition": {"StringNotEquals": {HOP_TAG: "allowed"}},
        },
        {"Sid": "NoHopToARoleThatDeployersMake", "Effect": "Deny", "Action": HOPS, "Resource": OWN_ROLES[0]},
    ]


if __name__ == "__main__":
    main()
