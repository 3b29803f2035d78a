"""One contract for IAM's users: the fake of the unit tests and the adapter on moto keep the same promises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.core.aws.clients import client
from chalicelib.core.domain.errors import AwsUnavailable, NotFound, RefusedByAws
from chalicelib.provisioning.aws.iam_consistency import SettlingTime
from chalicelib.provisioning.aws.iam_policies import IamAccount, IamPolicies
from chalicelib.provisioning.aws.iam_users import IamUsers
from chalicelib.provisioning.domain.users import SIGN_IN_ONLY, SIGN_IN_TAG, PasswordPolicy, granting, only_signs_in
from tests.adapters.conftest import ACCOUNT
from tests.adapters.provisioning.late_iam import Late, as_iam
from tests.fakes.provisioning_iam import SIGN_IN, FakeUsers

if TYPE_CHECKING:
    from chalicelib.provisioning.services.sign_in import UserAdmin

ALLOW: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture
def iam_users(account: None) -> IamUsers:
    iam = boto3.client("iam")
    for group in ("engineers", "approvers"):
        iam.create_group(GroupName=group, Path="/access-broker/")
    made = iam.create_policy(PolicyName="sign-in-only", Path="/access-broker/", PolicyDocument=json.dumps(SIGN_IN))
    settling = SettlingTime(lambda _seconds: None)
    return IamUsers(client("iam"), IamPolicies(client("iam")), settling, made["Policy"]["Arn"])


@pytest.fixture(params=["fake", "moto"])
def users(request: pytest.FixtureRequest, iam_users: IamUsers) -> UserAdmin:
    return FakeUsers(groups={"engineers": (), "approvers": ()}) if request.param == "fake" else iam_users


def test_users_are_found_by_a_tag_whatever_the_letter_case_of_a_key_of_ours(users) -> None:
    users.create("bob", {"access-broker:slack": "T1/UBOB"})
    users.create("eve", {"access-broker:slack": "T1/UEVE", "team": "T1/UBOB"})
    assert users.tagged("access-broker:slack", "T1/UBOB") == ("bob",)
    assert users.tagged("access-broker:slack", "T1/UMAL") == ()


def test_a_user_is_made_under_our_path_without_anything(users) -> None:
    assert users.read("bob") is None
    made = users.create("bob", {"team": "web"})
    bob = users.read("bob")
    assert made == bob == users.existing("bob")
    assert (bob.arn, bob.path) == (f"arn:aws:iam::{ACCOUNT}:user/access-broker/bob", "/access-broker/")
    assert (bob.tags, bob.groups, bob.console_access, bob.access_keys) == ({"team": "web"}, (), False, ())
    assert users.policies(bob) == ()


def test_tags_and_groups_become_exactly_what_is_asked(users) -> None:
    users.create("bob", {"team": "web", "old": "1"})
    users.set_groups(users.read("bob"), ("engineers",))
    users.set_groups(users.read("bob"), ("approvers",))
    users.set_tags(users.read("bob"), {"team": "db", "new": "2"})
    bob = users.read("bob")
    assert (bob.groups, bob.tags) == (("approvers",), {"team": "db", "new": "2"})


def test_passwords_and_keys_come_and_go(users) -> None:
    users.create("bob", {})
    users.give_password("bob", "Abcdefgh1234567890!!")
    first, second = users.give_access_key("bob"), users.give_access_key("bob")
    assert first.secret_access_key
    assert users.read("bob").console_access
    users.take_keys(users.read("bob"), keep=(first.access_key_id,))
    users.take_password("bob")
    bob = users.read("bob")
    assert (bob.console_access, bob.access_keys) == (False, (first.access_key_id,))
    assert second.access_key_id not in bob.access_keys


def test_the_policy_of_users_who_sign_in_comes_and_goes(users) -> None:
    users.create("bob", {SIGN_IN_TAG: SIGN_IN_ONLY})
    users.forbid_sign_in("bob")
    for _ in range(2):
        users.allow_sign_in("bob")
    [policy] = users.policies(users.read("bob"))
    assert (policy.via, only_signs_in(policy.document)) == ("attached policy sign-in-only", True)
    users.forbid_sign_in("bob")
    assert users.policies(users.read("bob")) == ()


@pytest.mark.parametrize("enabled", [True, False])
def test_a_deleted_users_virtual_device_is_gone_too(iam_users, enabled) -> None:
    iam = boto3.client("iam")
    iam_users.create("bob", {})
    made = iam.create_virtual_mfa_device(Path="/access-broker/", VirtualMFADeviceName="bob")["VirtualMFADevice"]
    if enabled:
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName="bob", SerialNumber=made["SerialNumber"], **codes)
    iam_users.delete(iam_users.read("bob"))
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_a_group_is_read_with_its_path(users) -> None:
    group = users.group("engineers")
    assert (group.path, group.policies) == ("/access-broker/", ())


def test_a_group_that_is_not_there_is_named(users) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        users.group("nowhere")


def test_a_deleted_user_is_gone_and_their_namesake_is_another(users) -> None:
    users.create("bob", {})
    users.set_groups(users.read("bob"), ("engineers",))
    users.give_password("bob", "Abcdefgh1234567890!!")
    users.give_access_key("bob")
    first = users.read("bob")
    users.delete(first)
    assert users.read("bob") is None
    users.create("bob", {})
    assert users.read("bob").unique_id != first.unique_id


def test_every_way_a_policy_can_reach_a_user_is_seen(iam_users) -> None:
    iam = boto3.client("iam")
    arn = iam.create_policy(PolicyName="wide", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam_users.create("bob", {})
    iam_users.set_groups(iam_users.read("bob"), ("engineers", "approvers"))
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=json.dumps(ALLOW))
    iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    iam.put_group_policy(GroupName="engineers", PolicyName="theirs", PolicyDocument=json.dumps(ALLOW))
    iam.attach_group_policy(GroupName="approvers", PolicyArn=arn)
    assert set(granting(iam_users.policies(iam_users.read("bob")))) == {
        "inline policy own",
        "attached policy wide",
        "group engineers: inline policy theirs",
        "group approvers: attached policy wide",
    }
    iam_users.delete(iam_users.read("bob"))
    assert iam_users.read("bob") is None


@pytest.mark.parametrize(
    "operation", ["create_login_profile", "create_access_key", "add_user_to_group", "tag_user", "get_user"]
)
def test_a_user_made_a_moment_ago_that_iam_does_not_find_yet_is_waited_for(iam_users, operation) -> None:
    waited: list[float] = []
    late = IamUsers(as_iam(Late(**{operation: 2})), IamPolicies(client("iam")), SettlingTime(waited.append))
    bob = late.create("bob", {})
    late.set_groups(bob, ("engineers",))
    late.set_tags(bob, {"team": "web"})
    late.give_password("bob", "Abcdefgh1234567890!!")
    late.give_access_key("bob")
    assert late.existing("bob") == iam_users.read("bob")
    assert len(waited) == 2


def test_a_user_that_iam_never_shows_is_no_answer(iam_users) -> None:
    with pytest.raises(AwsUnavailable):
        iam_users.existing("nobody")


def test_a_managed_policy_that_cannot_be_read_counts_as_granting(iam_users) -> None:
    class Unreadable(IamPolicies):
        def document(self, _arn: str) -> None:
            return None

    iam = boto3.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    bob = iam_users.create("bob", {})
    iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    users = IamUsers(client("iam"), Unreadable(client("iam")), SettlingTime(lambda _seconds: None))
    assert granting(users.policies(bob)) == ("attached policy p (unreadable)",)


def test_a_password_the_account_does_not_take_is_awss_refusal(iam_users) -> None:
    iam_users.create("bob", {})
    iam_users.give_password("bob", "Abcdefgh1234567890!!")
    with pytest.raises(RefusedByAws) as refused:
        iam_users.give_password("bob", "Abcdefgh1234567890!!")
    assert refused.value.aws_code == "EntityAlreadyExists"


def test_the_accounts_alias_and_password_policy(account) -> None:
    iam, settings = boto3.client("iam"), IamAccount(client("iam"))
    assert settings.alias() == ""
    assert settings.password_policy() == PasswordPolicy()
    iam.create_account_alias(AccountAlias="acme")
    iam.update_account_password_policy(MinimumPasswordLength=30, AllowUsersToChangePassword=True)
    assert settings.alias() == "acme"
    assert settings.password_policy() == PasswordPolicy(min_length=30, users_may_change=True)


def test_a_managed_policy_is_its_default_version(account) -> None:
    iam, library = boto3.client("iam"), IamPolicies(client("iam"))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    newer = {**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Action": "ec2:*"}]}
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(newer), SetAsDefault=True)
    assert library.document(arn) == newer
    assert library.document(f"arn:aws:iam::{ACCOUNT}:policy/nowhere") is None
