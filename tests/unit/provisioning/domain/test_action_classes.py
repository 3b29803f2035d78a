"""Classes of actions: a template is refused by what it names, and warned of what the guards deny."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.provisioning.domain.templates import UnsafeTemplate
from tests.fakes.provisioning import CLASSES, TIERS

CUSTOMER = "arn:aws:iam::123456789012:policy/ours"
AWS = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"


def document(*actions: str, effect: str = "Allow") -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": list(actions), "Resource": "*"}]}


@pytest.mark.parametrize("policy", ["inline_policy", CUSTOMER])
@pytest.mark.parametrize(
    "action", ["s3:PutBucketPolicy", "s3:putbucketpolicy", "ssm:UpdateDocument", "ec2:AttachVolume", "kms:CreateGrant"]
)
def test_an_action_that_the_template_names_is_refused_with_its_reason(action: str, policy: str) -> None:
    with pytest.raises(UnsafeTemplate) as refused:
        CLASSES.check({policy: document("s3:GetObject", action)})
    assert list(refused.value.fields) == [policy]
    assert action.lower() in refused.value.fields[policy].lower()


def test_an_action_that_aws_does_not_have_is_refused() -> None:
    with pytest.raises(UnsafeTemplate) as refused:
        CLASSES.check({"inline_policy": document("s3:GetObjekt")})
    assert "s3:GetObjekt is unknown" in refused.value.fields["inline_policy"]


def test_what_a_wildcard_covers_is_denied_by_the_guards_and_said() -> None:
    (warning,) = CLASSES.check({"inline_policy": document("sqs:*")})
    assert "guard policy denies sqs:AddPermission, sqs:RemovePermission, sqs:SetQueueAttributes" in warning


def test_a_policy_of_awss_own_is_not_refused_for_what_it_names() -> None:
    (warning,) = CLASSES.check({AWS: document("sqs:AddPermission")})
    assert warning.startswith(f"{AWS}: the guard policy denies sqs:AddPermission")
    assert CLASSES.check({"AmazonSQSFullAccess": document("sqs:AddPermission")})


def test_a_pattern_that_covers_nothing_is_said() -> None:
    assert CLASSES.check({"inline_policy": document("s3:Gett*")}) == (
        "inline_policy: s3:Gett* covers no action that AWS has",
    )


def test_denies_and_harmless_actions_are_nobodys_business() -> None:
    assert CLASSES.check({"inline_policy": document("s3:PutBucketPolicy", effect="Deny")}) == ()
    assert CLASSES.check({"inline_policy": document("rds-db:connect", "sqs:SendMessage", "ec2:RunInstances")}) == ()


def test_every_reviewed_action_exists_and_has_a_reason() -> None:
    listed = json.loads(Path("policies/reviewed-actions.json").read_text())
    reviewed = {action: reason for name in listed if name != "about" for action, reason in listed[name].items()}
    assert all(reviewed.values())
    assert not [action for action in reviewed if CLASSES.known.get(action.lower()) != action]


@pytest.mark.parametrize(
    ("tier", "action"),
    [("workload", "lambda:UpdateFunctionCode"), ("workload", "logs:DescribeQueries"), ("workload", "iam:List*")],
)
def test_the_plan_warns_of_what_the_tiers_boundary_denies(tier, action: str) -> None:
    warnings = TIERS[tier].classes.check({AWS: document(action)})
    assert any("permissions boundary denies" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("tier", "action"),
    [("operator", "lambda:UpdateFunctionCode"), ("deployer", "iam:List*"), ("workload", "sqs:SendMessage")],
)
def test_the_plan_does_not_warn_of_what_the_tier_opens(tier, action: str) -> None:
    assert TIERS[tier].classes.check({AWS: document(action)}) == ()
