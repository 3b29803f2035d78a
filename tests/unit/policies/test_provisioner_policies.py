"""The files that bind the provisioner: its own policy, and the templates that ship."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from chalicelib.provisioning.domain.templates import check_form
from chalicelib.provisioning.domain.users import SIGN_IN_ACTIONS, SIGN_IN_ONLY, SIGN_IN_TAG
from chalicelib.provisioning.handlers.bodies import TemplateBody
from chalicelib.provisioning.services.compile import Deployment
from policytool.tiers import DEPLOYED
from tests.unit.policies.statements import actions

PROVISION = json.loads(Path("policies/lambda/provision.json").read_text())
RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
ESCALATION = json.loads(Path("policies/escalation.json").read_text())

UNDER_THE_PATH = ("role/access-broker/*", "user/access-broker/*", "group/access-broker/*", "mfa/access-broker/*")
NEEDS_THE_BOUNDARY = {
    "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:DetachRolePolicy",
    "iam:PutRolePolicy", "iam:DeleteRolePolicy",
}  # fmt: skip
NEVER = {
    "iam:DeleteRolePermissionsBoundary", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:AttachGroupPolicy",
    "iam:PutGroupPolicy", "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion",
    "iam:DeletePolicy", "iam:UpdateLoginProfile", "iam:UpdateUser", "sts:AssumeRole", "lambda:UpdateFunctionCode",
}  # fmt: skip


def allows() -> list[dict[str, Any]]:
    return [statement for statement in PROVISION["Statement"] if statement["Effect"] == "Allow"]


def test_no_action_of_the_provisioner_is_a_pattern() -> None:
    assert [action for statement in allows() for action in actions(statement) if "*" in action] == []


def test_roles_are_made_and_given_policies_only_with_the_boundary() -> None:
    for statement in allows():
        if actions(statement) & NEEDS_THE_BOUNDARY:
            boundaries = [{"Ref": one} for one in DEPLOYED if one.startswith("Boundary") and one != "BoundaryWorkloads"]
            assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": boundaries}}
    assert {action for statement in allows() for action in actions(statement)} >= NEEDS_THE_BOUNDARY


def test_users_of_another_stage_in_the_account_are_out_of_reach() -> None:
    """The tag is demanded of a new user, and compared where there is one: a user IAM does not show yet has none."""
    tag = "access-broker:deployment"
    for statement in allows():
        writes = {action for action in actions(statement) if not action.startswith(("iam:Get", "iam:List"))}
        if "user/access-broker/*" not in str(statement["Resource"]) or not writes:
            continue
        operator, key = (
            ("StringEquals", f"aws:RequestTag/{tag}")
            if "iam:CreateUser" in writes
            else ("StringEqualsIfExists", f"iam:ResourceTag/{tag}")
        )
        condition = statement["Condition"].get(operator) or statement["Condition"]["StringEquals"]  # which is narrower
        assert condition[key] == {"Ref": "AWS::StackName"}, statement["Sid"]


def test_keys_change_their_status_only_of_users_of_this_deployment_and_by_the_provisioner_alone() -> None:
    (change,) = [one for one in allows() if "iam:UpdateAccessKey" in actions(one)]
    assert change["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/access-broker/*"}
    tag = "iam:ResourceTag/access-broker:deployment"
    assert change["Condition"] == {"StringEquals": {tag: {"Ref": "AWS::StackName"}}}
    clean_up = json.loads(Path("policies/lambda/cleanup.json").read_text())["Statement"]
    used = {action for one in clean_up for action in actions(one) if action.startswith("iam:")}
    assert [action for action in used if not action.startswith(("iam:Get", "iam:List", "iam:Generate"))] == []


def test_what_would_let_the_provisioner_climb_is_not_in_its_policy() -> None:
    found = [one for one in allows() if actions(one) & NEVER]
    assert [(actions(one), one["Resource"]) for one in found] == [
        ({"iam:AttachUserPolicy"}, {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/access-broker/*"}),
        ({"sts:AssumeRole"}, {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/access-broker-spoke"}),
    ]


def test_a_user_gets_one_policy_only_which_lets_them_sign_in_and_only_if_they_have_no_key() -> None:
    (attach,) = [one for one in allows() if "iam:AttachUserPolicy" in actions(one)]
    (no_key,) = [one for one in PROVISION["Statement"] if one["Sid"] == "NeverMakeAKeyForAUserWhoSignsIn"]
    mark = {f"iam:ResourceTag/{SIGN_IN_TAG}": SIGN_IN_ONLY}
    assert attach["Condition"] == {
        "ArnEquals": {"iam:PolicyARN": {"Ref": "SignInOnly"}},
        "StringEquals": {"iam:ResourceTag/access-broker:deployment": {"Ref": "AWS::StackName"}, **mark},
    }
    assert (no_key["Effect"], no_key["Action"], no_key["Condition"]) == (
        "Deny", "iam:CreateAccessKey", {"StringEquals": mark},
    )  # fmt: skip
    properties = RESOURCES["SignInOnly"]["Properties"]
    (statement,) = properties["PolicyDocument"]["Statement"]
    assert {action.lower() for action in statement["Action"]} == SIGN_IN_ACTIONS
    deployed = Deployment("x", "", "arn:aws:iam::123456789012:policy/access-broker/${AWS::StackName}-boundary")
    assert deployed.sign_in_arn.endswith(properties["Path"] + properties["ManagedPolicyName"]["Fn::Sub"])


def test_iam_is_written_only_under_the_path() -> None:
    reads = ("iam:Get", "iam:List")
    for statement in allows():
        writes = {action for action in actions(statement) if action.startswith("iam:") and not action.startswith(reads)}
        if writes and writes != {"iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile"}:
            assert statement["Resource"]["Fn::Sub"].endswith(UNDER_THE_PATH), statement["Sid"]


def test_policies_refused_by_name_are_denied_to_the_provisioner_itself() -> None:
    (deny,) = [one for one in PROVISION["Statement"] if one["Sid"] == "NeverAttachWhatLetsARoleClimb"]
    denied = {
        arn["Fn::Sub"].partition(":iam::aws:policy/")[2] for arn in deny["Condition"]["ArnEquals"]["iam:PolicyARN"]
    }
    assert denied == set(ESCALATION["refused_managed_policies"])


@pytest.mark.parametrize("file", sorted(Path("policies/roles").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_template_that_ships_is_well_formed_and_named_as_its_file(file) -> None:
    template = msgspec.convert(yaml.safe_load(file.read_text()), TemplateBody).template()
    check_form(template)
    assert template.name == file.stem
