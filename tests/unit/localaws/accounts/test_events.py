"""Records of CloudTrail in a member account reach the hub's functions, in EventBridge's form and by its rules."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from localaws.accounts import template
from localaws.accounts.event_bus import Buses
from localaws.failures import StepFailed
from localaws.trail_pump import carry
from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, document, trusting
from tests.unit.localaws.runtime.test_functions import TRUSTS_LAMBDA, archive

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.accounts.event_bus import Delivery
    from localaws.accounts.members import Member

ECHO = """
def run(event, context):
    return {"account": event["account"], "source": event["source"], "kind": event["detail-type"],
            "name": event["detail"]["eventName"], "by": event["detail"]["userIdentity"]}
"""
TRUSTS_EVENTS = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
HUB_BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
PATTERN = {
    "source": ["aws.sts", "aws.iam"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"requestParameters": {"roleName": [{"prefix": "watched-"}]}},
}
ASSUMED = {
    "source": ["aws.sts"],
    "detail": {"requestParameters": {"roleArn": [{"wildcard": "arn:*:role/access-broker/*"}]}},
}


def forwarding(state: str, may_send: str = HUB_BUS) -> dict[str, Any]:
    """A member's template that sends matching events to the hub, by a role that may send to one bus."""
    target = {"Id": "hub", "Arn": HUB_BUS, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
    rules = {
        name: {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": f"to-the-hub-{name.lower()}",
                "State": state,
                "EventPattern": pattern,
                "Targets": [target],
            },
        }
        for name, pattern in (("Iam", PATTERN), ("Sts", ASSUMED))
    }
    role = {
        "AssumeRolePolicyDocument": json.loads(document(TRUSTS_EVENTS, trust=True)),
        "Policies": [
            {
                "PolicyName": "send",
                "PolicyDocument": json.loads(document(allowing("events:PutEvents", Resource=may_send))),
            }
        ],
    }
    resources = {**rules, "Role": {"Type": "AWS::IAM::Role", "Properties": role}}
    return {"Resources": resources, "Outputs": {"Rule": {"Value": {"Ref": "Iam"}}}}


WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@pytest.fixture(scope="module")
def listener(account: Account) -> str:
    """A function of the hub that hears of both patterns, and says what it heard."""
    iam, functions, events = (account.client(service) for service in ("iam", "lambda", "events"))
    role = iam.create_role(RoleName="listener", AssumeRolePolicyDocument=document(TRUSTS_LAMBDA, trust=True))["Role"]
    arn = functions.create_function(
        FunctionName="listener",
        Runtime="python3.11",
        Handler="handler.run",
        Role=role["Arn"],
        Code={"ZipFile": archive(ECHO)},
    )["FunctionArn"]
    for name, pattern in (("watched", PATTERN), ("assumed", ASSUMED)):
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=WITH_READS)
        events.put_targets(Rule=name, Targets=[{"Id": "listener", "Arn": arn}])
    return str(arn)


@dataclass(frozen=True, slots=True)
class Wire:
    """The way of an event from a member account to the hub."""

    account: Account
    dev: Member
    prod: Member
    buses: Buses
    since: datetime
    log: Path

    def forward(self, state: str = "ENABLED", **more: str) -> dict[str, str]:
        """Deploy the rule into dev; prod has none."""
        body = forwarding(state, **more)
        return template.deploy(self.dev, self.account.endpoint_url, "forwarding", body, {}, log=self.log)

    def let_in(self, *members: Member) -> None:
        """The hub's bus takes events of these accounts and of no other."""
        events = self.account.client("events")
        policy = json.loads(events.describe_event_bus().get("Policy") or "{}")
        for statement in policy.get("Statement", []):
            events.remove_permission(StatementId=statement["Sid"])
        for member in members:
            events.put_permission(StatementId=member.alias, Principal=member.id, Action="events:PutEvents")

    def change(self, member: Member) -> None:
        """Make a watched role in the member account."""
        iam, name = member.root(self.account.endpoint_url)("iam"), f"watched-{uuid4().hex[:8]}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusting(member.id), trust=True))

    def carry(self) -> list[Delivery]:
        return carry(self.buses, self.since)


@pytest.fixture
def wire(account: Account, listener: str, dev: Member, prod: Member, tmp_path: Path) -> Wire:
    time.sleep(1 - time.time() % 1)  # CloudTrail drops fractions of a second: what came before does not come along
    organization = account.client("organizations").describe_organization()["Organization"]["Id"]
    clients = {member.id: member.root(account.endpoint_url) for member in (dev, prod)}
    buses = Buses({ACCOUNT: account.client, **clients}, organization)
    return Wire(account, dev, prod, buses, datetime.now(UTC), tmp_path / "log")


def heard(deliveries: list[Delivery], account: str) -> list[tuple[str, str]]:
    answers = [delivery.answer for delivery in deliveries if delivery.answer["account"] == account]
    return [(answer["source"], answer["name"]) for answer in answers]


def test_a_change_in_a_member_reaches_the_hub(wire: Wire) -> None:
    assert wire.forward() == {"Rule": "to-the-hub-iam"}
    wire.let_in(wire.dev, wire.prod)
    for member in (wire.dev, wire.prod):
        wire.change(member)
    deliveries = wire.carry()
    assert heard(deliveries, wire.dev.id) == [("aws.iam", "CreateRole")]
    assert heard(deliveries, wire.prod.id) == []
    assert {delivery.answer["kind"] for delivery in deliveries} == {"AWS API Call via CloudTrail"}


def test_a_bus_without_a_policy_for_the_member_hears_nothing(wire: Wire) -> None:
    wire.forward()
    wire.let_in(wire.prod)
    wire.change(wire.dev)
    assert heard(wire.carry(), wire.dev.id) == []


def test_a_rule_whose_role_may_not_send_sends_nothing(wire: Wire) -> None:
    wire.forward(may_send=f"{HUB_BUS}-other")
    wire.let_in(wire.dev)
    wire.change(wire.dev)
    assert heard(wire.carry(), wire.dev.id) == []


@pytest.mark.parametrize(("sources", "admitted"), [(None, True), ("aws.iam", True), ("aws.sts", False)])
def test_a_bus_can_admit_the_whole_organisation_and_events_of_one_source(
    wire: Wire, sources: str | None, *, admitted: bool
) -> None:
    wire.forward()
    wire.let_in()
    condition = {"StringEquals": {"aws:PrincipalOrgID": wire.buses.organization}}
    condition |= {"ForAllValues:StringEquals": {"events:source": sources}} if sources else {}
    statement = allowing("events:PutEvents", Principal="*", Resource=HUB_BUS, Condition=condition)
    policy = {"StatementId": "organisation", "Statement": statement}
    body = {"Resources": {"Policy": {"Type": "AWS::Events::EventBusPolicy", "Properties": policy}}}
    cloudformation = wire.account.client("cloudformation")
    cloudformation.create_stack(StackName="bus", TemplateBody=json.dumps(body))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="bus", WaiterConfig={"Delay": 1})
    wire.change(wire.dev)
    assert heard(wire.carry(), wire.dev.id) == [("aws.iam", "CreateRole")] * admitted
    cloudformation.delete_stack(StackName="bus")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="bus", WaiterConfig={"Delay": 1})
    assert heard(wire.carry(), wire.dev.id) == []


@pytest.mark.parametrize(("state", "heard_of"), [("ENABLED", 0), (WITH_READS, 1), ("DISABLED", 0)])
def test_assume_role_is_heard_of_when_the_rule_asks_for_reads(wire: Wire, state: str, heard_of: int) -> None:
    wire.forward(state)
    wire.let_in(wire.dev)
    iam, name = wire.dev.root(wire.account.endpoint_url)("iam"), f"role-{uuid4().hex[:8]}"
    trusted = document(trusting(ACCOUNT), trust=True)
    role = iam.create_role(RoleName=name, Path="/access-broker/", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    arn, keys = wire.account.user(allowing("sts:AssumeRole"))
    wire.account.assume(keys, role)
    deliveries = wire.carry()
    assert heard(deliveries, wire.dev.id) == [("aws.sts", "AssumeRole")] * heard_of
    assert heard(deliveries, ACCOUNT) == [("aws.sts", "AssumeRole")]
    seen = {delivery.answer["account"]: delivery.answer["by"] for delivery in deliveries}
    assert seen[ACCOUNT]["arn"] == arn
    assert [seen[one]["type"] for one in seen if one != ACCOUNT] == ["AWSAccount"] * heard_of


def test_a_template_that_fails_names_the_resource(wire: Wire) -> None:
    broken = {"Resources": {"Nothing": {"Type": "AWS::Nothing::AtAll", "Properties": {}}}}
    with pytest.raises(StepFailed, match="create of the stack"):
        template.deploy(wire.dev, wire.account.endpoint_url, "broken", broken, {}, log=wire.log)
