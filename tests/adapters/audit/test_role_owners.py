"""Whose role it is, by its tags in IAM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.audit.aws.role_owners import IamRoleOwners
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.errors import AwsUnavailable, RefusedByAws
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG
from tests.adapters.conftest import REGION

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import TagTypeDef

    from chalicelib.core.domain.errors import BrokerError

NOBODY = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({MANAGED_TAG: "true", DEPLOYMENT_TAG: "access-broker-prod"}, "access-broker-prod"),
        ({DEPLOYMENT_TAG: "access-broker-prod"}, ""),
        ({}, ""),
    ],
)
def test_a_role_is_of_the_deployment_in_the_tags_that_a_broker_sets(
    account: None, tags: dict[str, str], owner: str
) -> None:
    tag_list: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in tags.items()]
    iam = boto3.client("iam", REGION)
    iam.create_role(RoleName="tool", Path="/access-broker/", AssumeRolePolicyDocument=NOBODY, Tags=tag_list)
    assert IamRoleOwners(lambda: client("iam")).deployment_of("tool") == owner


def test_a_role_that_is_gone_is_nobodys(account: None) -> None:
    assert IamRoleOwners(lambda: client("iam")).deployment_of("gone") == ""


@pytest.mark.parametrize(("code", "error"), [("AccessDenied", RefusedByAws), ("Throttling", AwsUnavailable)])
def test_what_aws_does_not_tell_is_not_taken_for_an_answer(account: None, code: str, error: type[BrokerError]) -> None:
    iam = client("iam")
    answers = Stubber(iam)
    answers.add_client_error("list_role_tags", code)
    with answers, pytest.raises(error):
        IamRoleOwners(lambda: iam).deployment_of("tool")
