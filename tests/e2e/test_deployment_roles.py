"""A deployer that is no administrator: CI by OIDC, one role for CloudFormation, a boundary for the functions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from policytool.deployment_roles import template
from tests.evaluator import ACCOUNT, Asked, evaluate
from tests.evaluator.deployment_roles import BOUNDARY, CLOUDFORMATION, cloudformation, deployer, functions_boundary
from tests.evaluator.handlers import foreign_resources, resource_forms

FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/access-broker-dev-ProvisionRole-1A2B"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Administrator"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/access-broker-dev"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/access-broker-dev/0a1b"
FUNCTIONS = sorted(Path("policies/lambda").glob("*.json"))

EVERYTHING = {"inline": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}

Document = dict[str, Any]


def test_each_policy_fits_into_a_managed_policy() -> None:
    sizes = [len(json.dumps(one, separators=(",", ":"))) for one in (*cloudformation().values(), functions_boundary())]
    assert max(sizes) < 6144


def test_one_subject_of_the_ci_system_becomes_the_deployer() -> None:
    (statement,) = template()["Resources"]["Deployer"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert {key.split(":")[-1] for key in statement["Condition"]["StringEquals"]} == {"aud", "sub"}
    pattern = template()["Parameters"]["Subject"]["AllowedPattern"]
    assert re.fullmatch(pattern, "repo:acme/broker:environment:production")
    assert not re.fullmatch(pattern, "repo:acme/*")


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy"])
def test_cloudformation_makes_roles_only_with_the_boundary_and_never_those_that_deploy(action: str) -> None:
    bound = {"iam:PermissionsBoundary": BOUNDARY}
    given = cloudformation()
    asked = [
        Asked(action, given, None, FUNCTION_ROLE, bound),
        Asked(action, given, None, FUNCTION_ROLE),
        Asked(action, given, None, FUNCTION_ROLE, {"iam:PermissionsBoundary": f"{BOUNDARY}-wider"}),
        Asked(action, given, None, OTHER_ROLE, bound),
        Asked(action, given, None, CLOUDFORMATION, bound),
        Asked("iam:UpdateAssumeRolePolicy", given, None, CLOUDFORMATION, bound),
        Asked("iam:CreatePolicyVersion", given, None, BOUNDARY),
        Asked("iam:DeleteRolePermissionsBoundary", given, None, FUNCTION_ROLE, bound),
    ]
    assert evaluate(asked) == [True] + [False] * 7


def test_the_deployer_changes_stacks_only_through_that_role_and_touches_nothing_itself() -> None:
    given = deployer()
    with_role = {"cloudformation:RoleArn": CLOUDFORMATION}
    passed = {"iam:PassedToService": "cloudformation.amazonaws.com"}
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:access-broker-dev-api"
    possible = [
        Asked("cloudformation:CreateChangeSet", given, None, STACK, with_role),
        Asked("cloudformation:ExecuteChangeSet", given, None, STACK),
        Asked("iam:PassRole", given, None, CLOUDFORMATION, passed),
        Asked("s3:PutObject", given, None, "arn:aws:s3:::access-broker-b/key"),
        Asked("lambda:GetFunctionConfiguration", given, None, function),
    ]
    impossible = [
        Asked("cloudformation:CreateChangeSet", given, None, STACK),
        Asked("cloudformation:CreateChangeSet", given, None, STACK, {"cloudformation:RoleArn": OTHER_ROLE}),
        Asked("cloudformation:CreateChangeSet", given, None, STACK.replace("access-broker", "other"), with_role),
        Asked("iam:PassRole", given, None, CLOUDFORMATION, {"iam:PassedToService": "ec2.amazonaws.com"}),
        Asked("iam:PassRole", given, None, OTHER_ROLE, passed),
        Asked("iam:CreateRole", given, None, FUNCTION_ROLE, {"iam:PermissionsBoundary": BOUNDARY}),
        Asked("lambda:UpdateFunctionCode", given, None, function),
        Asked("s3:PutObject", given, None, "arn:aws:s3:::other/key"),
    ]
    assert evaluate(possible) == [True] * len(possible)
    assert evaluate(impossible) == [False] * len(impossible)


def of_the_policy(file: Path) -> Document:
    """A function's policy on resources of the stack's names."""
    text = file.read_text()
    for logical, arn in {
        '{"Fn::GetAtt": ["Table", "Arn"]}': TABLE,
        '{"Fn::GetAtt": ["Ledger", "Arn"]}': f"{TABLE}-ledger",
        '{"Fn::GetAtt": ["Table", "StreamArn"]}': f"{TABLE}/stream/1",
    }.items():
        text = text.replace(logical, json.dumps(arn))
    return dict(json.loads(text))


def requests(document: Document) -> list[tuple[str, str]]:
    """Each action of the policy on one resource that it names, those of other names left to the wildcards."""
    found = []
    for one in document["Statement"]:
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        resources = one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
        for action in actions:
            for resource in resources if one["Effect"] == "Allow" else []:
                arn = resource.get("Fn::Sub", "") if isinstance(resource, dict) else resource
                found.append((action, _one(arn, action) if resource_forms(action) else "*"))
    return [(action, arn) for action, arn in found if arn]


def _one(pattern: str, action: str) -> str:
    """A resource of the pattern; empty for what GetAtt names, which is of our own names as well."""
    if pattern == "*":
        return foreign_resources(action)[0]
    values = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": "us-east-1"}
    for name, value in {**values, "AWS::StackName": "access-broker-dev"}.items():
        pattern = pattern.replace(f"${{{name}}}", value)
    pattern = pattern.replace("${Table.Arn}", TABLE).replace("arn:aws:iam::*:", f"arn:aws:iam::{ACCOUNT}:")
    if ":log-group:" in pattern:
        return pattern.removesuffix(":*") + (":log-stream:x" if "log-stream" in resource_forms(action)[0] else "")
    return pattern.replace("*", "x")


@pytest.mark.parametrize("file", FUNCTIONS, ids=lambda file: file.stem)
def test_the_boundary_leaves_each_function_what_its_policy_gives(file: Path) -> None:
    wanted = requests(of_the_policy(file))
    usable = [(action, arn) for action, arn in wanted if not action.startswith("kms:")]
    asked = [Asked(action, EVERYTHING, functions_boundary(), arn) for action, arn in usable]
    assert len(usable) > 3
    assert [one for one, allowed in zip(usable, evaluate(asked), strict=True) if not allowed] == []


def test_the_boundary_leaves_no_function_more_than_the_broker_is() -> None:
    asked = [
        Asked(action, EVERYTHING, functions_boundary(), resource)
        for action, resource in (
            ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/admin"),
            ("iam:PutRolePolicy", OTHER_ROLE),
            ("iam:PassRole", OTHER_ROLE),
            ("sts:AssumeRole", OTHER_ROLE),
            ("lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:access-broker-dev-api"),
            ("dynamodb:PutItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"),
            ("s3:GetObject", "arn:aws:s3:::secrets/key"),
            ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:x"),
        )
    ]
    assert evaluate(asked) == [False] * len(asked)
