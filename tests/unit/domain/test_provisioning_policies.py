"""The files that bind the provisioner: boundary, its own policy, the templates that ship."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from chalicelib.domain.templates import check_form
from chalicelib.handlers.provision_bodies import TemplateBody

BOUNDARY = json.loads(Path("policies/boundary.json").read_text())
PROVISION = json.loads(Path("policies/lambda/provision.json").read_text())
RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
ESCALATION = json.loads(Path("policies/escalation.json").read_text())
UNDER_THE_PATH = ("role/access-broker/*", "user/access-broker/*", "group/access-broker/*")

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


def actions(statement: dict[str, Any]) -> set[str]:
    found = statement["Action"]
    return {found} if isinstance(found, str) else set(found)


def test_the_boundary_that_deploys_is_the_reviewed_file() -> None:
    assert RESOURCES["Boundary"]["Properties"]["PolicyDocument"] == BOUNDARY


def test_the_boundary_fits_into_a_managed_policy() -> None:
    assert len(json.dumps(BOUNDARY, separators=(",", ":"))) < 6144


def test_no_action_of_the_provisioner_is_a_pattern() -> None:
    assert [action for statement in allows() for action in actions(statement) if "*" in action] == []


def test_roles_are_made_and_given_policies_only_with_the_boundary() -> None:
    for statement in allows():
        if actions(statement) & NEEDS_THE_BOUNDARY:
            assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    assert {action for statement in allows() for action in actions(statement)} >= NEEDS_THE_BOUNDARY


def test_what_would_let_the_provisioner_climb_is_not_in_its_policy() -> None:
    assert {action for statement in allows() for action in actions(statement)} & NEVER == set()


def test_iam_is_written_only_under_the_path() -> None:
    reads = ("iam:Get", "iam:List")
    for statement in allows():
        writes = {action for action in actions(statement) if action.startswith("iam:") and not action.startswith(reads)}
        if writes and writes != {"iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile"}:
            assert statement["Resource"]["Fn::Sub"].endswith(UNDER_THE_PATH), statement["Sid"]


def test_policies_refused_by_name_are_denied_to_the_provisioner_itself() -> None:
    (deny,) = [statement for statement in PROVISION["Statement"] if statement["Effect"] == "Deny"]
    denied = {
        arn["Fn::Sub"].partition(":iam::aws:policy/")[2] for arn in deny["Condition"]["ArnEquals"]["iam:PolicyARN"]
    }
    assert denied == set(ESCALATION["refused_managed_policies"])


@pytest.mark.parametrize("file", sorted(Path("policies/roles").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_template_that_ships_is_well_formed_and_named_as_its_file(file) -> None:
    template = msgspec.convert(yaml.safe_load(file.read_text()), TemplateBody).template()
    check_form(template)
    assert template.name == file.stem
