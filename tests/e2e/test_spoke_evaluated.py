"""The spoke role, judged by an evaluator that is not ours: what the hub may do in a member account, and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cfnlint.api
import pytest

from policytool.spoke import spoke_policy, template
from tests.evaluator import ACCOUNT, Asked, evaluate, resolved

if TYPE_CHECKING:
    from collections.abc import Iterable

BROKERED = f"arn:aws:iam::{ACCOUNT}:role/access-broker/ec2-full"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/access-broker/access-broker-dev-boundary"
OTHERS = (
    f"arn:aws:iam::{ACCOUNT}:role/Administrator",
    f"arn:aws:iam::{ACCOUNT}:role/access-broker-spoke",
    f"arn:aws:iam::{ACCOUNT}:role/access-broker-workloads/app",
)
OURS = {"iam:ResourceTag/access-broker:deployment": "access-broker-dev"}
BOUNDED = {"iam:PermissionsBoundary": BOUNDARY, "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"}
MAY: dict[str, dict[str, str]] = {
    **dict.fromkeys(
        ("CreateRole", "AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy", "DeleteRolePolicy"), BOUNDED
    ),
    "PutRolePermissionsBoundary": BOUNDED,
    **dict.fromkeys(("DeleteRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "TagRole"), OURS),
    "GetRole": {},
    "GetRolePolicy": {},
    "ListAttachedRolePolicies": {},
    "ListInstanceProfilesForRole": {},
    "ListRolePolicies": {},
}
"""Every action on roles that the policy names, with what makes it allowed on a brokered role."""

READS_OF_POLICIES = ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy")

HISTORY = "cloudtrail:LookupEvents"
USER = f"arn:aws:iam::{ACCOUNT}:user/access-broker/alice"
NEVER = {
    "iam:AttachUserPolicy": USER,
    "iam:CreateAccessKey": USER,
    "iam:CreateUser": USER,
    "iam:PutUserPolicy": USER,
    "iam:CreatePolicyVersion": BOUNDARY,
    "iam:DeletePolicy": BOUNDARY,
    "iam:PassRole": BROKERED,
    "iam:DeleteRolePermissionsBoundary": BROKERED,
    "sts:AssumeRole": BROKERED,
    "iam:UpdateAccountPasswordPolicy": "*",
    "iam:GetAccountAuthorizationDetails": "*",
    "ec2:DescribeInstances": "*",
    "organizations:LeaveOrganization": "*",
    "s3:GetObject": "arn:aws:s3:::bucket/key",
    "kms:Decrypt": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k",
    "lambda:InvokeFunction": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",
    "events:PutEvents": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
    "cloudformation:UpdateStack": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/access-broker-spoke/1",
}


BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
GIVEN = {
    "Deployment": "access-broker-dev",
    "ProvisionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/tool",
    "ExternalId": "0123456789abcdef0123456789abcdef",
    "BusArn": BUS,
    "AWS::AccountId": ACCOUNT,
}
"""The template's parameters. The evaluator's caller is a session of the role `tool`."""


def filled(value: Any) -> Any:
    """The part of the template with its parameters."""
    if isinstance(value, dict) and value.keys() == {"Ref"}:
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/access-broker/access-broker-dev-"
        name = value["Ref"].replace("Boundary", "boundary-").lower().rstrip("-")
        return GIVEN.get(value["Ref"], boundary + name)
    if isinstance(value, dict):
        return {key: filled(one) for key, one in value.items()}
    if isinstance(value, str):
        return value.replace("${Deployment}", GIVEN["Deployment"])
    return [filled(one) for one in value] if isinstance(value, list) else value


def policies() -> dict[str, Any]:
    return {"spoke": resolved(filled(spoke_policy()))}


def role(logical: str) -> dict[str, Any]:
    """A role of the template: its trust policy and its inline policies by name."""
    found = template()["Resources"][logical]["Properties"]
    assert not found.get("ManagedPolicyArns")
    inline = {one["PolicyName"]: resolved(filled(one["PolicyDocument"])) for one in found["Policies"]}
    return {"trust": resolved(filled(found["AssumeRolePolicyDocument"])), "policies": inline}


def judged(asked: Iterable[tuple[str, str, dict[str, str]]]) -> list[bool]:
    known = policies()
    return evaluate([Asked(action, known, None, resource, context) for action, resource, context in asked])


def test_it_may_do_with_brokered_roles_what_the_provisioner_needs() -> None:
    asked = [(f"iam:{action}", BROKERED, context) for action, context in MAY.items()]
    assert dict(zip(MAY, judged(asked), strict=True)) == dict.fromkeys(MAY, True)


def test_the_policy_names_no_other_action() -> None:
    named = {action for one in spoke_policy()["Statement"] for action in _listed(one["Action"])}
    assert named == {*(f"iam:{action}" for action in MAY), *READS_OF_POLICIES, HISTORY}


def test_of_managed_policies_it_may_read_those_under_the_brokers_path_alone() -> None:
    others = (f"arn:aws:iam::{ACCOUNT}:policy/Own", f"arn:aws:iam::{ACCOUNT}:policy/access-broker-workloads/app")
    asked: list[tuple[str, str, dict[str, str]]] = [
        (action, policy, {}) for action in READS_OF_POLICIES for policy in (BOUNDARY, *others)
    ]
    assert judged(asked) == [True, False, False] * len(READS_OF_POLICIES)


def test_of_cloudtrail_it_may_look_up_the_event_history_and_change_nothing() -> None:
    trail = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/organisation"
    changes = judged([(f"cloudtrail:{one}", trail, {}) for one in ("StopLogging", "DeleteTrail")])
    assert (judged([(HISTORY, "*", {})]), changes) == ([True], [False, False])


@pytest.mark.parametrize("role", OTHERS)
def test_of_other_roles_it_may_only_tell_that_they_are_there(role: str) -> None:
    asked = [(f"iam:{action}", role, {**context, **BOUNDED, **OURS}) for action, context in MAY.items()]
    assert {name for name, allowed in zip(MAY, judged(asked), strict=True) if allowed} == {"GetRole"}


def test_it_may_do_nothing_else_in_the_account() -> None:
    asked = [(action, resource, {**OURS, **BOUNDED}) for action, resource in NEVER.items()]
    assert judged(asked) == [False] * len(asked)


def test_it_makes_no_role_without_the_boundary_and_touches_none_of_another_deployment() -> None:
    other = {"iam:ResourceTag/access-broker:deployment": "access-broker-prod"}
    administrator = {**BOUNDED, "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
    asked = [
        ("iam:CreateRole", BROKERED, {}),
        ("iam:CreateRole", BROKERED, {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/mine"}),
        ("iam:AttachRolePolicy", BROKERED, administrator),
        ("iam:DeleteRole", BROKERED, other),
        ("iam:UpdateAssumeRolePolicy", BROKERED, other),
        ("iam:TagRole", BROKERED, other),
    ]
    assert judged(asked) == [False] * len(asked)


def test_the_template_makes_policies_two_roles_and_a_rule_and_nothing_else() -> None:
    made = template()["Resources"].items()
    roles = {logical for logical, one in made if one["Type"] == "AWS::IAM::Role"}
    assert roles == {"Spoke", "ForwardingRole"}
    assert {one["Type"] for _, one in made} == {"AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::Events::Rule"}
    assert list(role("Spoke")["policies"].values()) == list(policies().values())


TAKEN = f"arn:aws:iam::{ACCOUNT}:role/access-broker-spoke"


@pytest.mark.parametrize(
    ("logical", "given", "allowed"),
    [
        ("Spoke", {"sts:ExternalId": GIVEN["ExternalId"]}, True),
        ("Spoke", {"sts:ExternalId": "0" * 32}, False),
        ("Spoke", {}, False),
        ("ForwardingRole", {"sts:ExternalId": GIVEN["ExternalId"]}, False),
        ("ForwardingRole", {"aws:SourceAccount": ACCOUNT}, False),
    ],
)
def test_only_the_provision_function_with_the_external_id_is_let_in(
    logical: str, given: dict[str, str], *, allowed: bool
) -> None:
    """The caller may take every role, as far as its own policy goes: the trust policy decides."""
    may = {"all": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}}
    trust = {**role(logical)["trust"]}
    trust["Statement"] = [{**one, "Resource": TAKEN} for one in trust["Statement"]]
    asked = Asked("sts:AssumeRole", {} if allowed else may, None, TAKEN, given, trust)
    assert evaluate([asked]) == [allowed]


def test_no_other_principal_is_named_in_a_trust_policy() -> None:
    named = [one["Principal"] for logical in ("Spoke", "ForwardingRole") for one in role(logical)["trust"]["Statement"]]
    assert named == [{"AWS": GIVEN["ProvisionRoleArn"]}, {"Service": "events.amazonaws.com"}]
    [forwarding] = role("ForwardingRole")["trust"]["Statement"]
    assert forwarding["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/access-broker-dev-forwarding"},
    }


def test_the_forwarder_may_put_events_on_the_hubs_bus_and_do_nothing_else() -> None:
    may = role("ForwardingRole")["policies"]
    other = BUS.replace(ACCOUNT, "999999999999")
    never = {**NEVER, **{f"iam:{action}": BROKERED for action in MAY}, "events:PutEvents": other, "events:PutRule": "*"}
    asked = [("events:PutEvents", BUS), ("events:PutPermission", "*"), *never.items()]
    answers = evaluate([Asked(action, may, None, resource, {**OURS, **BOUNDED}) for action, resource in asked])
    assert answers == [True] + [False] * (len(asked) - 1)


def test_cfn_lint_finds_nothing() -> None:
    found = cfnlint.api.lint_all(json.dumps(template()))
    assert [one for one in found if one.rule.id[0] in "EW"] == []


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
