"""Roles and managed policies as IAM has them, beside what the template says."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from access_broker.doctor.aws.refusals import missing
from access_broker.doctor.aws.roles import policy_prefix
from access_broker.doctor.checks.permissions import FunctionRole, ManagedPolicy, Reviewed
from access_broker.doctor.checks.roles import GUARDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from access_broker.doctor.aws.deployment import Deployment

POLICIES = Path("policies")


def function_roles(deployment: Deployment) -> dict[str, FunctionRole]:
    """The roles of the stack by logical id."""
    return {one.logical: _function_role(deployment, one.logical, one.physical) for one in _roles(deployment)}


def _roles(deployment: Deployment) -> list[Any]:
    return deployment.template.of_type("AWS::IAM::Role")


def _function_role(deployment: Deployment, logical: str, name: str) -> FunctionRole:
    iam = deployment.client("iam")
    wanted = deployment.template.properties(logical)
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    inline = deployment.pages("iam", "list_role_policies", "PolicyNames", RoleName=name)
    attached = deployment.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    return FunctionRole(
        policies={one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline},
        wanted={one["PolicyName"]: one["PolicyDocument"] for one in wanted.get("Policies", [])},
        attached=tuple(one["PolicyArn"] for one in attached),
        wanted_attached=tuple(wanted.get("ManagedPolicyArns", [])),
        trusted=tuple(_trusted(trust)),
    )


def _trusted(trust: Any) -> Iterator[str]:
    for statement in trust["Statement"]:
        principal = statement.get("Principal", "*")
        for named in principal.values() if isinstance(principal, dict) else [principal]:
            yield from [named] if isinstance(named, str) else named


def managed_policies(deployment: Deployment) -> dict[str, ManagedPolicy]:
    """Boundaries and guards by logical id."""
    return {
        one.logical: ManagedPolicy(
            document(deployment, one.physical), deployment.template.properties(one.logical)["PolicyDocument"]
        )
        for one in deployment.template.of_type("AWS::IAM::ManagedPolicy")
    }


def document(deployment: Deployment, arn: str) -> Any:
    """The default version; None where there is no such policy."""
    iam = deployment.client("iam")
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    except ClientError as error:
        if missing(error):
            return None
        raise


def tier_documents(deployment: Deployment) -> dict[str, list[Any]]:
    """Each tier's boundary and guards, as IAM has them."""
    read = functools.cache(lambda name: document(deployment, f"{policy_prefix(deployment)}{name}"))
    names = {tier: [_boundary(tier), *(f"guard-{guard}" for guard in guards)] for tier, guards in GUARDS.items()}
    found = {tier: [read(name) for name in wanted] for tier, wanted in names.items()}
    return {tier: [one for one in documents if one] for tier, documents in found.items()}


def _boundary(tier: str) -> str:
    return "boundary" if tier == "workload" else f"boundary-{tier}"


def reviewed(deployment: Deployment) -> Reviewed:
    """The deployed template's documents, unresolved, against the files of this checkout."""
    if not (POLICIES / "lambda").is_dir():
        return Reviewed(checkout=False)
    pairs = list(_reviewed_pairs(deployment.template.body["Resources"]))
    differing = [str(path) for path, deployed in pairs if json.loads(path.read_text(encoding="utf-8")) != deployed]
    return Reviewed(checkout=True, differing=tuple(differing), compared=len(pairs))


def _reviewed_pairs(resources: Any) -> Iterator[tuple[Path, Any]]:
    for path in sorted((POLICIES / "lambda").glob("*.json")):
        logical = "".join(part.capitalize() for part in path.stem.split("_")) + "Role"
        policies = resources.get(logical, {}).get("Properties", {}).get("Policies", [])
        yield path, policies[0]["PolicyDocument"] if policies else None
    yield POLICIES / "boundary.json", _document_of(resources, "Boundary")
    for folder, kind in (("boundaries", "Boundary"), ("guards", "Guard")):
        for path in sorted((POLICIES / folder).glob("*.json")):
            name = "".join(part.capitalize() for part in path.stem.split("-"))
            yield path, _document_of(resources, kind + name)


def _document_of(resources: Any, logical: str) -> Any:
    return resources.get(logical, {}).get("Properties", {}).get("PolicyDocument")
