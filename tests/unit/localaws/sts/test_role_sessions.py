"""AssumeRole on the embedded AWS refuses and stamps as AWS does."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, denying, document, trusting

STAMP = "sts:SetSourceIdentity"
MAY_ASSUME = allowing("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")


def refusal(account: Account, session: Any, role_arn: str, **more: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as refused:
        account.assume(session, role_arn, **more)
    return dict(refused.value.response["Error"])


def arn_of(account: Account, session: Any) -> str:
    return str(account.client("sts", session).get_caller_identity()["Arn"])


def test_a_trust_policy_that_names_a_user_is_enough_without_an_identity_policy(account: Account) -> None:
    arn, keys = account.user()
    role = account.role(trusting(arn), path="/team/")
    name = role.rsplit("/", 1)[-1]
    session = account.assumed(keys, role)
    assert arn_of(account, session) == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/test-session"


def test_a_trust_policy_that_names_a_role_is_enough_for_its_sessions(account: Account) -> None:
    arn, keys = account.user()
    first = account.role(trusting(arn))
    second = account.role(trusting(first))
    assert "assumed-role" in arn_of(account, account.assumed(account.assumed(keys, first), second))


@pytest.mark.parametrize("principal", [f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT])
def test_a_trust_policy_that_names_the_account_only_delegates(account: Account, principal: str) -> None:
    role = account.role(trusting(principal))
    _, without = account.user()
    _, allowed = account.user(allowing("sts:AssumeRole", Resource=role))
    assert refusal(account, without, role)["Code"] == "AccessDenied"
    assert account.assumed(allowed, role)


def test_an_identity_policy_alone_does_not_open_a_role_that_trusts_another_user(account: Account) -> None:
    other, _ = account.user()
    _, keys = account.user(MAY_ASSUME)
    assert refusal(account, keys, account.role(trusting(other)))["Code"] == "AccessDenied"


def test_conditions_of_a_naming_trust_policy_count(account: Account) -> None:
    arn, keys = account.user()
    role = account.role(trusting(arn, Condition={"StringEquals": {"sts:ExternalId": "chosen"}}))
    assert refusal(account, keys, role)["Code"] == "AccessDenied"
    assert refusal(account, keys, role, ExternalId="other")["Code"] == "AccessDenied"
    assert account.assumed(keys, role, ExternalId="chosen")


def test_a_role_is_found_only_under_its_full_arn(account: Account) -> None:
    arn, keys = account.user(MAY_ASSUME)
    role = account.role(trusting(arn), path="/access-broker/")
    assert refusal(account, keys, role.replace("/access-broker/", "/"))["Code"] == "AccessDenied"


def test_a_recreated_user_of_the_same_name_is_not_trusted(account: Account) -> None:
    arn, _ = account.user()
    role, iam, name = account.role(trusting(arn)), account.client("iam"), arn.rsplit("/", 1)[-1]
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    unique_id = iam.get_user(UserName=name)["User"]["UserId"]
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    namesake = account.session(key["AccessKeyId"], key["SecretAccessKey"])
    assert refusal(account, namesake, role)["Code"] == "AccessDenied"
    trust = iam.get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"]["AWS"] == unique_id


def test_root_may_not_assume_roles(account: Account) -> None:
    role = account.role(trusting(ACCOUNT))
    assert refusal(account, account.session(), role)["Message"] == "Roles may not be assumed by root accounts."


@pytest.mark.parametrize(
    ("stamp", "action"),
    [
        ({"SourceIdentity": "alice"}, "sts:SetSourceIdentity"),
        ({"Tags": [{"Key": "team", "Value": "a"}]}, "sts:TagSession"),
    ],
)
def test_stamping_a_session_needs_its_own_action_on_both_sides(
    account: Account, stamp: dict[str, Any], action: str
) -> None:
    arn, keys = account.user(allowing("sts:AssumeRole"))
    named_without = account.role(trusting(arn))
    named_with = account.role(trusting(arn, "sts:AssumeRole", action))
    delegated_with = account.role(trusting(ACCOUNT, "sts:AssumeRole", action))
    assert (
        f"not authorized to perform: {action} on resource: {named_without}"
        in (refusal(account, keys, named_without, **stamp)["Message"])
    )
    assert f"perform: {action}" in refusal(account, keys, delegated_with, **stamp)["Message"]
    assert account.assumed(keys, named_with, **stamp)


def test_a_trust_policy_can_demand_a_source_identity(account: Account) -> None:
    arn, keys = account.user()
    demand = {"StringEquals": {"sts:SourceIdentity": "alice"}}
    role = account.role(trusting(arn, "sts:AssumeRole", STAMP, Condition=demand))
    assert refusal(account, keys, role)["Code"] == "AccessDenied"
    assert refusal(account, keys, role, SourceIdentity="mallory")["Code"] == "AccessDenied"
    assert account.assume(keys, role, SourceIdentity="alice")["SourceIdentity"] == "alice"


def test_the_source_identity_follows_a_chain_and_cannot_be_changed(account: Account) -> None:
    arn, keys = account.user()
    first = account.role(trusting(arn, "sts:AssumeRole", STAMP))
    demand = {"StringEquals": {"aws:SourceIdentity": "alice"}}
    second = account.role(trusting(first, "sts:AssumeRole", STAMP, Condition=demand))
    session = account.assumed(keys, first, SourceIdentity="alice")
    assert account.assume(session, second)["SourceIdentity"] == "alice"
    assert account.assume(session, second, SourceIdentity="alice")["SourceIdentity"] == "alice"
    assert f"perform: {STAMP}" in refusal(account, session, second, SourceIdentity="bob")["Message"]


def test_a_session_can_be_denied_by_its_source_identity(account: Account) -> None:
    arn, keys = account.user()
    role = account.role(trusting(arn, "sts:AssumeRole", STAMP), allow=("ec2:DescribeInstances",))
    iam, name = account.client("iam"), role.rsplit("/", 1)[-1]
    alice, bob = (account.assumed(keys, role, SourceIdentity=who) for who in ("alice", "bob-b"))
    deny = denying("*", Condition={"StringEquals": {"aws:SourceIdentity": "alice"}})
    iam.put_role_policy(RoleName=name, PolicyName="revoked", PolicyDocument=document(deny))
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        account.client("ec2", alice).describe_instances()
    assert account.client("ec2", bob).describe_instances()["Reservations"] == []


def test_a_session_can_be_denied_by_its_tag_and_by_its_age(account: Account) -> None:
    arn, keys = account.user()
    role = account.role(trusting(arn, "sts:AssumeRole", "sts:TagSession"), allow=("ec2:DescribeInstances",))
    iam, name = account.client("iam"), role.rsplit("/", 1)[-1]
    one, two = (account.assumed(keys, role, Tags=[{"Key": "access-broker:session", "Value": which}]) for which in "12")
    deny = denying("*", Condition={"StringEquals": {"aws:PrincipalTag/access-broker:session": ["1"]}})
    iam.put_role_policy(RoleName=name, PolicyName="revoked", PolicyDocument=document(deny))
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        account.client("ec2", one).describe_instances()
    assert account.client("ec2", two).describe_instances()["Reservations"] == []
    older = denying("*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2099-01-01T00:00:00Z"}})
    iam.put_role_policy(RoleName=name, PolicyName="older", PolicyDocument=document(older))
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        account.client("ec2", two).describe_instances()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"DurationSeconds": 899},
            "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value",
        ),
        ({"DurationSeconds": 43201}, "Member must have value less than or equal to 43200"),
        ({"DurationSeconds": 7201}, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
        (
            {"RoleSessionName": "a"},
            "at 'roleSessionName' failed to satisfy constraint: Member must have length greater",
        ),
        ({"RoleSessionName": "a" * 65}, "Member must have length less than or equal to 64"),
        ({"RoleSessionName": "a b"}, r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
        ({"RoleSessionName": "zoë"}, r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
        ({"SourceIdentity": "a"}, "at 'sourceIdentity' failed to satisfy constraint: Member must have length"),
        ({"SourceIdentity": "aws:alice"}, r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
    ],
)
def test_what_assume_role_does_not_accept_is_a_validation_error(
    account: Account, asked: dict[str, Any], words: str
) -> None:
    arn, keys = account.user()
    role = account.role(trusting(arn, "sts:AssumeRole", STAMP), MaxSessionDuration=7200)
    error = refusal(account, keys, role, **asked)
    assert error["Code"] == "ValidationError"
    assert words in error["Message"]


@pytest.mark.parametrize("seconds", [900, 7200])
def test_durations_up_to_the_roles_maximum_are_granted(account: Account, seconds: int) -> None:
    arn, keys = account.user()
    role = account.role(trusting(arn), MaxSessionDuration=7200)
    assert account.assumed(keys, role, DurationSeconds=seconds)


def test_a_role_that_assumes_a_role_gets_an_hour_at_most(account: Account) -> None:
    arn, keys = account.user()
    first = account.role(trusting(arn), MaxSessionDuration=7200)
    second = account.role(trusting(first), MaxSessionDuration=7200)
    session = account.assumed(keys, first)
    assert account.assumed(session, second, DurationSeconds=3600)
    error = refusal(account, session, second, DurationSeconds=3601)
    assert error["Message"] == (
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    )


def test_the_principal_arn_of_a_session_is_its_roles_with_the_path(account: Account) -> None:
    arn, keys = account.user()
    first = account.role(trusting(arn), path="/team/")
    demand = {"ArnEquals": {"aws:PrincipalArn": first}}
    second = account.role(trusting("*", Condition=demand))
    assert account.assumed(account.assumed(keys, first), second)
    assert refusal(account, keys, second)["Code"] == "AccessDenied"
