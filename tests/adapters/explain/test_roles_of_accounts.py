"""IAM of a member's role: read by the provision function through the spoke role, judged with the hub's documents."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from chalicelib.access.aws.member_roles import account_to_row
from chalicelib.core.aws import rows as table_rows
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.errors import InvalidRequest, NotFound
from chalicelib.core.domain.roles import Account as CoreAccount
from chalicelib.core.domain.roles import Role
from chalicelib.explain.aws.iam_facts import ReadOnlyIam
from chalicelib.explain.aws.roles_of_accounts import RolesOfAccounts
from chalicelib.provisioning.handlers import control_policies, member_role_facts
from tests.adapters.conftest import ACCOUNT, REGION

MEMBER = "111122223333"
DEPLOYMENT = "access-broker-dev"


def document(action: str, effect: str = "Allow") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})


class Provisioner:
    """The provision function; moto's one account stands for hub and member, so ARNs are the member's by name alone."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []

    def order(self, order: Any) -> dict[str, Any]:
        self.orders.append(dict(order))
        handler = {"member_role_facts": member_role_facts, "control_policies": control_policies}[order["action"]]
        answer: dict[str, Any] = json.loads(json.dumps(handler.handle(dict(order))))
        return answer


@pytest.fixture
def iam(account: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = boto3.client("iam", region_name=REGION)

    class Spokes:
        def iam(self, _account: str) -> Any:
            return made

    monkeypatch.setattr("chalicelib.accounts.wiring.spoke_roles", Spokes)
    return made


def boundary(iam: Any) -> str:
    made = iam.create_policy(
        PolicyName=f"{DEPLOYMENT}-boundary", Path="/access-broker/", PolicyDocument=document("ec2:*")
    )
    return str(made["Policy"]["Arn"])


def test_trust_boundary_and_policies_of_a_members_role_are_known(iam: Any) -> None:
    ours = boundary(iam)
    iam.create_role(
        RoleName="tool", Path="/access-broker/", AssumeRolePolicyDocument=document("sts:AssumeRole"),
        PermissionsBoundary=ours, MaxSessionDuration=7200,
    )  # fmt: skip
    iam.put_role_policy(RoleName="tool", PolicyName="mine", PolicyDocument=document("s3:GetObject"))
    iam.attach_role_policy(RoleName="tool", PolicyArn=ours)
    arn = iam.get_role(RoleName="tool")["Role"]["Arn"]
    provisioner = Provisioner()
    roles = RolesOfAccounts(ReadOnlyIam(client("iam"), ours), provisioner, ours)
    found = roles.role(Role(f"{ACCOUNT}:tool", arn), policies=True)
    assert found
    assert found.max_session_seconds == 7200
    assert found.boundary is not None
    assert found.boundary["Statement"][0]["Action"] == "ec2:*"
    assert {name: one["Statement"][0]["Action"] for name, one in found.policies.items()} == {
        "inline policy mine": "s3:GetObject",
        ours: "ec2:*",
    }
    assert provisioner.orders == [{"action": "member_role_facts", "role": f"{ACCOUNT}:tool", "role_arn": arn}]


def test_a_role_that_is_gone_is_none_and_the_hubs_own_are_read_here(iam: Any) -> None:
    ours = boundary(iam)
    provisioner = Provisioner()
    roles = RolesOfAccounts(ReadOnlyIam(client("iam"), ours), provisioner, ours)
    arn = f"arn:aws:iam::{ACCOUNT}:role/access-broker/gone"
    assert roles.role(Role("gone", arn), policies=True) is None
    assert provisioner.orders == []
    assert roles.role(Role(f"{ACCOUNT}:gone", arn), policies=True) is None


def test_no_other_role_is_read(iam: Any) -> None:
    for arn in (f"arn:aws:iam::{MEMBER}:role/Administrator", f"arn:aws:iam::{ACCOUNT}:role/access-broker/other"):
        with pytest.raises(InvalidRequest):
            member_role_facts.handle({"action": "member_role_facts", "role": f"{MEMBER}:tool", "role_arn": arn})


def test_the_control_policies_of_the_members_account_and_of_the_brokers_come_together(
    iam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_ROLE_ARN", f"arn:aws:iam::{ACCOUNT}:role/access-broker/broker")
    level = {"target": "r-1", "policies": {"FullAWSAccess": {}}}
    known = {MEMBER: {"levels": [level]}, ACCOUNT: {"unread": "not allowed to read: organizations:ListParents"}}
    monkeypatch.setattr(control_policies, "control_policies", known.__getitem__)
    table_rows.put(client("dynamodb"), "broker", account_to_row(CoreAccount(MEMBER, state="joined")))
    ours = boundary(iam)
    member, hub = RolesOfAccounts(ReadOnlyIam(client("iam"), ours), Provisioner(), ours).control_policies(MEMBER)
    assert (member.account, member.levels) == (MEMBER, (("r-1", {"FullAWSAccess": {}}),))
    assert (hub.account, hub.unread) == (ACCOUNT, "not allowed to read: organizations:ListParents")
    with pytest.raises(NotFound):
        control_policies.handle({"action": "control_policies", "account": "999999999999"})
