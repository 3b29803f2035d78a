"""IAM requests on the embedded AWS are about the resource, and carry the keys, that AWS's reference names."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, document, may, trusting

OURS = f"arn:aws:iam::{ACCOUNT}:role/access-broker/*"
USERS = f"arn:aws:iam::{ACCOUNT}:user/access-broker/*"
TRUST = document(trusting(ACCOUNT), trust=True)
EVERYTHING = document(allowing("*"))


def new(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:8]}"


@pytest.fixture
def boundary(account: Account) -> str:
    made = account.client("iam").create_policy(PolicyName=new("boundary"), PolicyDocument=EVERYTHING)
    return str(made["Policy"]["Arn"])


def test_an_existing_role_is_known_by_its_path(account: Account) -> None:
    _, keys = account.user(allowing("iam:GetRole", Resource=OURS))
    iam = account.client("iam", keys)
    inside, outside = account.role(trusting(ACCOUNT), path="/access-broker/"), account.role(trusting(ACCOUNT))
    assert may(iam, "get_role", RoleName=inside.rsplit("/", 1)[-1])
    assert not may(iam, "get_role", RoleName=outside.rsplit("/", 1)[-1])
    assert not may(iam, "get_role", RoleName="missing")


def test_a_role_to_be_created_is_known_by_the_path_in_the_request(account: Account) -> None:
    _, keys = account.user(allowing("iam:CreateRole", Resource=OURS))
    iam = account.client("iam", keys)
    assert may(iam, "create_role", RoleName=new("role"), Path="/access-broker/", AssumeRolePolicyDocument=TRUST)
    assert not may(iam, "create_role", RoleName=new("role"), Path="/other/", AssumeRolePolicyDocument=TRUST)
    assert not may(iam, "create_role", RoleName=new("role"), AssumeRolePolicyDocument=TRUST)


def test_users_are_known_by_their_path(account: Account) -> None:
    _, keys = account.user(allowing("iam:CreateUser", "iam:CreateAccessKey", Resource=USERS))
    iam, inside = account.client("iam", keys), new("user")
    assert may(iam, "create_user", UserName=inside, Path="/access-broker/")
    assert may(iam, "create_access_key", UserName=inside)
    assert not may(iam, "create_user", UserName=new("user"))
    assert not may(iam, "create_access_key", UserName=account.user()[0].rsplit("/", 1)[-1])


def test_a_policy_to_be_created_is_known_by_its_path(account: Account) -> None:
    _, keys = account.user(allowing("iam:CreatePolicy", Resource=f"arn:aws:iam::{ACCOUNT}:policy/access-broker/*"))
    iam = account.client("iam", keys)
    assert may(iam, "create_policy", PolicyName=new("policy"), Path="/access-broker/", PolicyDocument=EVERYTHING)
    assert not may(iam, "create_policy", PolicyName=new("policy"), PolicyDocument=EVERYTHING)


def test_membership_is_about_the_group_and_not_about_the_user(account: Account) -> None:
    root, group = account.client("iam"), new("group")
    root.create_group(GroupName=group, Path="/access-broker/")
    member = account.user()[0].rsplit("/", 1)[-1]
    _, by_group = account.user(
        allowing("iam:AddUserToGroup", Resource=f"arn:aws:iam::{ACCOUNT}:group/access-broker/{group}")
    )
    _, by_user = account.user(allowing("iam:AddUserToGroup", Resource=f"arn:aws:iam::{ACCOUNT}:user/*"))
    assert may(account.client("iam", by_group), "add_user_to_group", GroupName=group, UserName=member)
    assert not may(account.client("iam", by_user), "add_user_to_group", GroupName=group, UserName=member)


def test_a_role_can_be_created_only_with_the_boundary_the_policy_names(account: Account, boundary: str) -> None:
    demand = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    _, keys = account.user(allowing("iam:CreateRole", "iam:CreateUser", Condition=demand))
    iam = account.client("iam", keys)
    role = {"AssumeRolePolicyDocument": TRUST}
    assert not may(iam, "create_role", RoleName=new("role"), **role)
    other = f"arn:aws:iam::{ACCOUNT}:policy/other"
    assert not may(iam, "create_role", RoleName=new("role"), PermissionsBoundary=other, **role)
    assert may(iam, "create_role", RoleName=new("role"), PermissionsBoundary=boundary, **role)
    assert not may(iam, "create_user", UserName=new("user"))
    assert may(iam, "create_user", UserName=new("user"), PermissionsBoundary=boundary)


def test_the_boundary_in_the_request_counts_when_it_is_put(account: Account, boundary: str) -> None:
    demand = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    _, keys = account.user(allowing("iam:PutRolePermissionsBoundary", Condition=demand))
    iam, name = account.client("iam", keys), account.role(trusting(ACCOUNT)).rsplit("/", 1)[-1]
    assert not may(iam, "put_role_permissions_boundary", RoleName=name, PermissionsBoundary="arn:aws:iam::aws:policy/x")
    assert may(iam, "put_role_permissions_boundary", RoleName=name, PermissionsBoundary=boundary)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("put_role_policy", {"PolicyName": "one", "PolicyDocument": EVERYTHING}),
        ("delete_role_policy", {"PolicyName": "one"}),
        ("attach_role_policy", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ("detach_role_policy", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ("delete_role_permissions_boundary", {}),
    ],
)
def test_a_roles_policies_change_only_under_the_boundary_it_has(
    account: Account, boundary: str, operation: str, asked: dict[str, Any]
) -> None:
    demand = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    _, keys = account.user(allowing("iam:*", Condition=demand))
    iam = account.client("iam", keys)
    bare = account.role(trusting(ACCOUNT)).rsplit("/", 1)[-1]
    bounded = account.role(trusting(ACCOUNT), PermissionsBoundary=boundary).rsplit("/", 1)[-1]
    assert not may(iam, operation, RoleName=bare, **asked)
    assert may(iam, operation, RoleName=bounded, **asked)


def test_only_the_policies_named_may_be_attached(account: Account) -> None:
    demand = {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}}
    _, keys = account.user(allowing("iam:AttachRolePolicy", Condition=demand))
    iam, name = account.client("iam", keys), account.role(trusting(ACCOUNT)).rsplit("/", 1)[-1]
    assert may(iam, "attach_role_policy", RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess")
    assert not may(iam, "attach_role_policy", RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


@pytest.mark.parametrize("key", ["aws:ResourceTag/access-broker:managed", "iam:ResourceTag/access-broker:managed"])
def test_the_tags_of_the_role_itself_count(account: Account, key: str) -> None:
    _, keys = account.user(allowing("iam:DeleteRole", Condition={"StringEquals": {key: "true"}}))
    iam = account.client("iam", keys)
    tags = [{"Key": "access-broker:managed", "Value": "true"}]
    ours = account.role(trusting(ACCOUNT), path="/access-broker/", Tags=tags).rsplit("/", 1)[-1]
    assert not may(iam, "delete_role", RoleName=account.role(trusting(ACCOUNT)).rsplit("/", 1)[-1])
    assert may(iam, "delete_role", RoleName=ours)


def test_policy_variables_stand_for_the_caller(account: Account) -> None:
    _, keys = account.user(allowing("iam:GetUser", Resource=f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"))
    iam = account.client("iam", keys)
    own = account.client("sts", keys).get_caller_identity()["Arn"].rsplit("/", 1)[-1]
    assert may(iam, "get_user", UserName=own)
    assert not may(iam, "get_user", UserName=account.user()[0].rsplit("/", 1)[-1])


def test_a_variable_without_a_value_matches_nothing(account: Account) -> None:
    _, keys = account.user(allowing("iam:GetUser", Resource=f"arn:aws:iam::{ACCOUNT}:user/${{aws:SourceIdentity}}*"))
    assert not may(account.client("iam", keys), "get_user", UserName=account.user()[0].rsplit("/", 1)[-1])


def test_a_trust_policy_can_demand_that_the_source_identity_is_the_users_own_name(account: Account) -> None:
    arn, keys = account.user()
    demand = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}
    role = account.role(trusting(arn, "sts:AssumeRole", "sts:SetSourceIdentity", Condition=demand))
    sts, asked = account.client("sts", keys), {"RoleArn": role, "RoleSessionName": "test-session"}
    assert not may(sts, "assume_role", SourceIdentity="mallory", **asked)
    assert may(sts, "assume_role", SourceIdentity=arn.rsplit("/", 1)[-1], **asked)
