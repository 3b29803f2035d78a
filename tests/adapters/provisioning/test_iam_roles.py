"""One contract for IAM's roles: the fake of the unit tests and the adapter on moto keep the same promises."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.core.aws.clients import client
from chalicelib.core.domain.errors import RefusedByAws
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG
from chalicelib.provisioning.aws.iam_consistency import WAITS, SettlingTime
from chalicelib.provisioning.aws.iam_roles import IamRoles
from chalicelib.provisioning.domain.role_state import RoleChange, RoleState, changes
from tests.adapters.conftest import ACCOUNT
from tests.adapters.provisioning.late_iam import Late, LateToAllow, as_iam
from tests.fakes.provisioning import ADMIN, DEPLOYMENT, World
from tests.fakes.provisioning_iam import FakeRoles

if TYPE_CHECKING:
    from chalicelib.provisioning.services.converge import RoleAdmin

TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": ["sts:AssumeRole"]}
    ],
}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
A, B = (f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in "AB")
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
STATE = RoleState("a tool", 7200, TRUST, BOUNDARY, (A, B), {"access-broker-template": READ}, {"team": "web"})


@pytest.fixture(params=["fake", "moto"])
def roles(request: pytest.FixtureRequest, account: None) -> RoleAdmin:
    if request.param == "fake":
        return FakeRoles(profiles={"elsewhere": "another"})
    iam = boto3.client("iam")
    for name in ("A", "B", "boundary"):
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(READ))
    iam.create_instance_profile(InstanceProfileName="web")
    return IamRoles(client("iam"), SettlingTime(lambda _seconds: None))


def make(roles: RoleAdmin, state: RoleState) -> None:
    found = roles.read("tool")
    for change in changes(found.state if found else None, state):
        if change.attribute == "role":
            roles.create("tool", state)
        else:
            roles.change("tool", change)


def test_there_is_no_role_until_it_is_made(roles) -> None:
    assert roles.read("tool") is None


def test_what_was_made_is_read_back(roles) -> None:
    make(roles, STATE)
    found = roles.read("tool")
    assert changes(found.state, STATE) == ()
    assert found.path == "/access-broker/"
    assert found.arn == f"arn:aws:iam::{ACCOUNT}:role/access-broker/tool"


def test_every_attribute_can_change_and_go(roles) -> None:
    make(roles, STATE)
    other = RoleState("", 3600, {**TRUST, "Statement": []}, A, (B,), {"other": READ}, {"stage": "prod"})
    other = replace(other, trust={"Version": "2012-10-17", "Statement": [{**TRUST["Statement"][0], "Sid": "Other"}]})
    make(roles, other)
    assert changes(roles.read("tool").state, other) == ()


def test_making_the_same_change_twice_is_fine(roles) -> None:
    make(roles, STATE)
    for change in changes(STATE, replace(STATE, managed_policies=(A,), inline_policies={}, tags={})):
        roles.change("tool", change)
        roles.change("tool", change)
    roles.create("tool", STATE)
    assert roles.read("tool").state.managed_policies == (A,)


def test_a_deleted_role_is_gone_and_its_namesake_is_another(roles) -> None:
    make(roles, STATE)
    roles.join_instance_profile("tool", "web")
    roles.join_instance_profile("tool", "web")
    first = roles.read("tool")
    assert first.instance_profiles == ("web",)
    roles.delete(first)
    assert roles.read("tool") is None
    make(roles, STATE)
    assert roles.read("tool").unique_id != first.unique_id


def test_a_profile_that_holds_another_role_is_refused_and_one_that_holds_this_is_fine(roles) -> None:
    make(roles, STATE)
    roles.create("other", STATE)
    roles.join_instance_profile("other", "web")
    with pytest.raises(RefusedByAws) as refused:
        roles.join_instance_profile("tool", "web")
    assert refused.value.aws_code == "LimitExceeded"
    roles.join_instance_profile("other", "web")


def test_a_create_says_what_it_made_or_that_it_made_nothing(roles) -> None:
    made = roles.create("tool", STATE)
    assert made == roles.read("tool").unique_id
    assert roles.create("tool", STATE) == ""


@pytest.mark.parametrize("roles", ["moto"], indirect=True)
@pytest.mark.parametrize("operation", ["attach_role_policy", "put_role_policy", "tag_role"])
def test_a_role_made_a_moment_ago_that_iam_does_not_find_yet_is_waited_for(roles, operation) -> None:
    waited: list[float] = []
    make(IamRoles(as_iam(Late(**{operation: 2})), SettlingTime(waited.append)), replace(STATE, tags={}))
    make(IamRoles(as_iam(Late(**{operation: 2})), SettlingTime(waited.append)), STATE)
    assert changes(roles.read("tool").state, STATE) == ()
    assert len(waited) == 2


@pytest.mark.parametrize("roles", ["moto"], indirect=True)
@pytest.mark.parametrize("operation", ["attach_role_policy", "put_role_policy", "tag_role"])
def test_a_role_made_a_moment_ago_that_iam_denies_yet_is_waited_for(roles, operation) -> None:
    waited: list[float] = []
    late = IamRoles(as_iam(LateToAllow(**{operation: 2})), SettlingTime(waited.append))
    late.create("tool", replace(STATE, tags={}))
    make(late, STATE)
    assert changes(roles.read("tool").state, STATE) == ()
    assert len(waited) == 2


@pytest.mark.parametrize("roles", ["moto"], indirect=True)
def test_what_iam_denies_for_a_role_that_is_not_new_is_said_at_once(roles) -> None:
    make(roles, STATE)
    waited: list[float] = []
    with pytest.raises(RefusedByAws) as refused:
        make(IamRoles(as_iam(LateToAllow(tag_role=1)), SettlingTime(waited.append)), replace(STATE, tags={"a": "b"}))
    assert (refused.value.aws_code, waited) == ("AccessDenied", [])


@pytest.mark.parametrize("roles", ["moto"], indirect=True)
def test_a_policy_that_goes_while_the_role_is_read_does_not_make_the_role_gone(roles) -> None:
    make(roles, STATE)
    found = IamRoles(as_iam(Late(get_role_policy=1)), SettlingTime(lambda _seconds: None)).read("tool")
    assert found == roles.read("tool")
    with pytest.raises(RefusedByAws):
        IamRoles(as_iam(Late(get_role_policy=99)), SettlingTime(lambda _seconds: None)).read("tool")


@pytest.mark.parametrize("roles", ["moto"], indirect=True)
def test_a_delete_takes_what_only_denies_off_last(roles) -> None:
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    denies = dict.fromkeys(["AWSRevokeOlderSessions", "access-broker-quarantine", "access-broker-revocations"], deny)
    make(roles, replace(STATE, inline_policies={**STATE.inline_policies, **denies, "by-hand": READ}))
    iam = Late()
    IamRoles(as_iam(iam), SettlingTime(lambda _seconds: None)).delete(roles.read("tool"))
    *_, last = [parameters for name, parameters in iam.calls if name == "detach_role_policy"]
    assert last["PolicyArn"] == B
    removed = [parameters["PolicyName"] for name, parameters in iam.calls if name == "delete_role_policy"]
    assert removed == ["access-broker-template", "by-hand", *sorted(denies)]


@pytest.mark.parametrize("roles", ["moto"], indirect=True)
def test_a_role_whose_delete_aws_refuses_half_way_is_in_its_instance_profiles_again(roles) -> None:
    make(roles, replace(STATE, tags={MANAGED_TAG: "true", DEPLOYMENT_TAG: DEPLOYMENT.name}))
    roles.join_instance_profile("tool", "web")
    before, world = roles.read("tool"), World()
    refusing = replace(
        world.convergence, roles=IamRoles(as_iam(RefusingToDetach()), SettlingTime(lambda _seconds: None))
    )
    with pytest.raises(RefusedByAws):
        replace(world.deletion, convergence=refusing).delete("tool", ADMIN)
    assert roles.read("tool") == before


class RefusingToDetach(Late):
    """moto's IAM, which detaches no policy."""

    def detach_role_policy(self, **_parameters: object) -> None:
        raise ClientError({"Error": {"Code": "DeleteConflict", "Message": ""}}, "DetachRolePolicy")


def test_a_refusal_carries_awss_code_and_no_arn(account) -> None:
    refused = IamRoles(as_iam(Refusing("AccessDenied")), SettlingTime(lambda _seconds: None))
    with pytest.raises(RefusedByAws) as error:
        refused.create("tool", STATE)
    assert error.value.aws_code == "AccessDenied"
    assert "arn:" not in error.value.detail


class Refusing:
    """An IAM that refuses every call with one code, and counts."""

    def __init__(self, code: str, message: str = "arn:aws:iam::1:role/secret") -> None:
        self.calls = 0
        self._error = ClientError({"Error": {"Code": code, "Message": message}}, "CreateRole")

    def create_role(self, **_parameters: object) -> None:
        self.calls += 1
        raise self._error

    update_assume_role_policy = create_role


@pytest.mark.parametrize(
    ("code", "message", "calls"),
    [
        ("MalformedPolicyDocument", "Invalid principal in policy", len(WAITS) + 1),
        ("ConcurrentModification", "", len(WAITS) + 1),
        ("MalformedPolicyDocument", "Syntax error", 1),
        ("AccessDenied", "", 1),
    ],
)
def test_only_what_may_pass_is_tried_again_and_not_for_ever(code, message, calls) -> None:
    waited: list[float] = []
    iam = Refusing(code, message)
    with pytest.raises(RefusedByAws):
        IamRoles(as_iam(iam), SettlingTime(waited.append)).create("tool", STATE)
    assert iam.calls == calls
    assert sum(waited) < 20


def test_a_change_that_iam_never_takes_is_given_up_within_one_http_request(account) -> None:
    waited: list[float] = []
    iam, change = Refusing("MalformedPolicyDocument", "Invalid principal in policy"), RoleChange("trust", "", {}, READ)
    with pytest.raises(RefusedByAws):
        IamRoles(as_iam(iam), SettlingTime(waited.append)).change("tool", change)
    assert sum(waited) * 1.5 < 29
    assert iam.calls == len(waited) + 1
