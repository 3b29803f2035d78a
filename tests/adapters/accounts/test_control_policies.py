"""The service control policies of an account, read from Organizations on moto, and what is said where it refuses."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.accounts.aws.control_policies import AwsControlPolicies
from tests.adapters.conftest import REGION

DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]}


@pytest.fixture
def organizations(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("organizations", region_name=REGION)
        client.create_organization(FeatureSet="ALL")
        yield client


def test_the_policies_of_account_units_and_root_are_read_from_below(organizations: Any) -> None:
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="Prod")["OrganizationalUnit"]["Id"]
    made = organizations.create_account(AccountName="prod", Email="prod@example.com")
    account = made["CreateAccountStatus"]["AccountId"]
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    given = {"Description": "d", "Name": "no-ec2", "Type": "SERVICE_CONTROL_POLICY", "Content": json.dumps(DENY)}
    policy = organizations.create_policy(**given)["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=unit)
    levels = AwsControlPolicies(organizations).of(account)["levels"]
    assert [level["target"] for level in levels] == [account, unit, root]
    assert [level["policies"].get("no-ec2") for level in levels] == [None, DENY, None]
    assert levels[2]["policies"]["FullAWSAccess"]["Statement"][0]["Effect"] == "Allow"


def test_no_policy_binds_the_management_account(organizations: Any) -> None:
    manager = organizations.describe_organization()["Organization"]["MasterAccountId"]
    assert AwsControlPolicies(organizations).of(manager) == {"exempt": True}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "not allowed to read: organizations:DescribeOrganization"),
        ("AWSOrganizationsNotInUseException", "organizations:DescribeOrganization failed"),
    ],
)
def test_a_call_that_is_refused_is_named(code: str, words: str) -> None:
    class Refusing:
        def describe_organization(self) -> None:
            raise ClientError({"Error": {"Code": code}}, "DescribeOrganization")

    assert AwsControlPolicies(Refusing()).of("222222222222")["unread"].startswith(words)
