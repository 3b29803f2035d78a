"""Member accounts are real accounts of one organisation: each in its OU, tagged, with a root and an IAM of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws.accounts import members, organization
from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, document, may, trusting

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.accounts.members import Member


def test_dev_and_prod_are_in_their_units(account: Account, dev: Member, prod: Member) -> None:
    assert [(one.alias, one.ou_path) for one in (dev, prod)] == [("dev", "/Workloads/Dev"), ("prod", "/Workloads/Prod")]
    organizations = account.client("organizations")
    for member in (dev, prod):
        told = organizations.describe_account(AccountId=member.id)["Account"]
        assert (told["Name"], told["Status"]) == (member.alias, "ACTIVE")
        tags = organizations.list_tags_for_resource(ResourceId=member.id)["Tags"]
        named = {"env": member.alias, "access-broker:alias": member.alias}
        assert {tag["Key"]: tag["Value"] for tag in tags} == named
        assert path_of(organizations, member.id) == member.ou_path


def path_of(organizations: Any, child: str) -> str:
    """The names of the units above an account, read as a registry reads them."""
    [parent] = organizations.list_parents(ChildId=child)["Parents"]
    if parent["Type"] == "ROOT":
        return ""
    unit = organizations.describe_organizational_unit(OrganizationalUnitId=parent["Id"])["OrganizationalUnit"]
    return f"{path_of(organizations, parent['Id'])}/{unit['Name']}"


def test_a_second_time_makes_only_what_is_missing(account: Account, dev: Member, prod: Member) -> None:
    again = organization.ensure(account.client, account.endpoint_url, 3)
    assert again[:2] == (dev, prod)
    assert (again[2].alias, again[2].ou_path) == ("spoke-3", "/Workloads/Spoke-3")
    names = [one["Name"] for one in account.client("organizations").list_accounts()["Accounts"]]
    assert sorted(set(names)) == sorted(names)


def test_the_root_of_a_member_acts_in_its_own_account(account: Account, dev: Member, prod: Member) -> None:
    root = dev.root(account.endpoint_url)
    assert root("sts").get_caller_identity()["Account"] == dev.id
    assert root("iam").list_account_aliases()["AccountAliases"] == ["dev"]
    root("iam").create_user(UserName="only-in-dev")
    for other in (account.client, prod.root(account.endpoint_url)):
        with pytest.raises(ClientError, match="NoSuchEntity"):
            other("iam").get_user(UserName="only-in-dev")


def test_a_role_of_a_member_opens_to_the_hub_with_both_sides_and_the_external_id(account: Account, dev: Member) -> None:
    iam = dev.root(account.endpoint_url)("iam")
    arn, allowed = account.user(allowing("sts:AssumeRole"))
    name = f"spoke-{arn[-8:]}"
    trust = trusting(ACCOUNT, Condition={"StringEquals": {"sts:ExternalId": "chosen"}})
    trusted = document(trust, trust=True)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=document(allowing("iam:ListUsers")))
    _, without = account.user()
    for keys, more in ((without, {"ExternalId": "chosen"}), (allowed, {}), (allowed, {"ExternalId": "guessed"})):
        with pytest.raises(ClientError, match="AccessDenied"):
            account.assume(keys, role, **more)
    session = account.assumed(allowed, role, ExternalId="chosen")
    assert account.client("sts", session).get_caller_identity()["Account"] == dev.id
    assert may(account.client("iam", session), "list_users")
    assert not may(account.client("iam", session), "list_roles")


def test_members_belong_to_the_organisation_of_the_hub(account: Account, dev: Member) -> None:
    hub = account.client("organizations").describe_organization()["Organization"]["Id"]
    iam = dev.root(account.endpoint_url)("iam")
    iam.create_user(UserName="member-of-the-organisation")
    key = iam.create_access_key(UserName="member-of-the-organisation")["AccessKey"]
    client = account.client("ec2", account.session(key["AccessKeyId"], key["SecretAccessKey"]))
    for organisation, allowed in ((hub, True), ("o-another", False)):
        condition = {"StringEquals": {"aws:PrincipalOrgID": organisation}}
        policy = document(allowing("ec2:DescribeVpcs", Condition=condition))
        iam.put_user_policy(UserName="member-of-the-organisation", PolicyName="test", PolicyDocument=policy)
        assert may(client, "describe_vpcs") is allowed


def test_the_members_are_kept_for_those_who_come_later(tmp_path: Path, dev: Member, prod: Member) -> None:
    assert members.read(tmp_path) == ()
    members.write(tmp_path, (dev, prod))
    assert members.read(tmp_path) == (dev, prod)
    assert (tmp_path / members.FILE).stat().st_mode & 0o777 == 0o600
