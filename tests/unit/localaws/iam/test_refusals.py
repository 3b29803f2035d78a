"""IAM on the embedded AWS has AWS's quotas and refuses what AWS does not store or delete."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, document, refusal, trusting

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def sized(characters: int) -> str:
    """A policy of exactly so many characters, plus white space that does not count."""
    empty = document(allowing("*", Sid=""))
    return document(allowing("*", Sid="x" * (characters - len("".join(empty.split())))))


@pytest.fixture
def role(account: Account) -> str:
    return account.role(trusting(ACCOUNT)).rsplit("/", 1)[-1]


def test_all_inline_policies_of_a_role_share_10240_characters(account: Account, role: str) -> None:
    iam = account.client("iam")
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=sized(6_000))
    code, message = refusal(iam, "put_role_policy", RoleName=role, PolicyName="two", PolicyDocument=sized(4_241))
    assert (code, message) == ("LimitExceeded", f"Maximum policy size of 10240 bytes exceeded for role {role}")
    iam.put_role_policy(RoleName=role, PolicyName="two", PolicyDocument=sized(4_240))
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=sized(6_000))


def test_a_trust_policy_has_2048_characters_at_most(account: Account, role: str) -> None:
    long = document(trusting(ACCOUNT, Sid="x" * 2_048), trust=True)
    code, message = refusal(account.client("iam"), "update_assume_role_policy", RoleName=role, PolicyDocument=long)
    assert (code, message) == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{ACCOUNT}:user/does-not-exist",
        f"arn:aws:iam::{ACCOUNT}:role/nothing",
        f"arn:aws:iam::{ACCOUNT}:user/*",
        "AIDAGONE",
    ],
)
def test_a_trust_policy_may_not_name_a_principal_that_does_not_exist(account: Account, principal: str) -> None:
    trust = document(trusting(principal), trust=True)
    asked = {"RoleName": f"role-{uuid4().hex[:8]}", "AssumeRolePolicyDocument": trust}
    code, message = refusal(account.client("iam"), "create_role", **asked)
    assert (code, message) == ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{principal}"')


def test_a_trust_policy_may_name_services_accounts_and_every_principal(account: Account, role: str) -> None:
    iam = account.client("iam")
    for principal in ({"Service": "lambda.amazonaws.com"}, {"AWS": "*"}, {"AWS": ACCOUNT}, "*"):
        trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
        assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == trust


def test_a_policy_that_does_not_exist_cannot_be_attached(account: Account, role: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/missing"
    code, message = refusal(account.client("iam"), "attach_role_policy", RoleName=role, PolicyArn=arn)
    assert (code, message) == ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def test_a_role_has_ten_managed_policies_at_most(account: Account, role: str) -> None:
    iam = account.client("iam")
    names = [f"policy-{uuid4().hex[:8]}" for _ in range(11)]
    policies = [iam.create_policy(PolicyName=name, PolicyDocument=document(allowing("*"))) for name in names]
    *ten, eleventh = [policy["Policy"]["Arn"] for policy in policies]
    for arn in ten:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    code, message = refusal(iam, "attach_role_policy", RoleName=role, PolicyArn=eleventh)
    assert (code, message) == ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
    iam.attach_role_policy(RoleName=role, PolicyArn=ten[0])


def test_a_user_has_two_access_keys_at_most(account: Account) -> None:
    iam, name = account.client("iam"), account.user()[0].rsplit("/", 1)[-1]
    iam.create_access_key(UserName=name)
    assert refusal(iam, "create_access_key", UserName=name)[0] == "LimitExceeded"


def test_a_user_is_deleted_last(account: Account) -> None:
    iam, name, group = account.client("iam"), f"user-{uuid4().hex[:8]}", f"group-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="one", PolicyDocument=document(allowing("*")))
    iam.create_login_profile(UserName=name, Password="Correct-Horse-9")
    assert refusal(iam, "delete_user", UserName=name)[0] == "DeleteConflict"
    iam.remove_user_from_group(GroupName=group, UserName=name)
    assert refusal(iam, "delete_user", UserName=name)[1] == "Cannot delete entity, must delete policies first."
    iam.delete_user_policy(UserName=name, PolicyName="one")
    assert refusal(iam, "delete_user", UserName=name)[1] == "Cannot delete entity, must delete login profile first."
    iam.delete_login_profile(UserName=name)
    iam.delete_user(UserName=name)
