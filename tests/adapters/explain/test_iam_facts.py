"""IAM, read for explanations: no policy hides another that is called like it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from chalicelib.core.aws.clients import client
from chalicelib.explain.aws.iam_facts import ReadOnlyIam
from tests.adapters.conftest import ACCOUNT, REGION

ROLE = f"arn:aws:iam::{ACCOUNT}:role/access-broker/tool"


def document(effect: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": "*", "Resource": "*"}]})


@pytest.fixture
def iam(account: None) -> Any:
    made = boto3.client("iam", region_name=REGION)
    made.create_role(RoleName="tool", Path="/access-broker/", AssumeRolePolicyDocument=document("Allow"))
    return made


def test_an_inline_policy_and_an_attached_one_of_the_same_name_are_both_there(iam: Any) -> None:
    iam.put_role_policy(RoleName="tool", PolicyName="guard", PolicyDocument=document("Deny"))
    arn = iam.create_policy(PolicyName="guard", PolicyDocument=document("Allow"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="tool", PolicyArn=arn)
    found = ReadOnlyIam(client("iam"), "").policies(ROLE)
    assert {name: one["Statement"][0]["Effect"] for name, one in found.items()} == {
        "inline policy guard": "Deny",
        arn: "Allow",
    }


def test_a_boundary_of_another_deployment_is_none(iam: Any) -> None:
    ours, other = (
        iam.create_policy(PolicyName=name, PolicyDocument=document("Allow"))["Policy"]["Arn"]
        for name in ("boundary", "other")
    )
    for arn, known in ((ours, True), (other, False)):
        iam.put_role_permissions_boundary(RoleName="tool", PermissionsBoundary=arn)
        role = ReadOnlyIam(client("iam"), ours).role(ROLE, policies=False)
        assert role
        assert (role.boundary is not None) is known
