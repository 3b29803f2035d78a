"""Verdicts over many actions: the same as explain's, action by action."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.explain.domain.allowed_actions import REVOCATIONS, allowed_of, documents_of
from chalicelib.explain.domain.deciding_statement import deciding
from chalicelib.explain.domain.layers import RoleInAws

BOUNDARY = json.loads(Path("policies/boundary.json").read_text())
EC2 = {"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}
ACTIONS = ["ec2:RunInstances", "ec2:DescribeVpcs", "s3:GetObject", "iam:CreateUser", "sts:AssumeRole"]


def role(*policies: dict[str, Any], boundary: dict[str, Any] | None = BOUNDARY) -> RoleInAws:
    return RoleInAws({}, boundary, 3600, {f"inline policy {number}": one for number, one in enumerate(policies)})


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}, "everywhere"),
        ({"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:instance/i-1"}, "conditional"),
        ({"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"Bool": {"x": "true"}}}, "conditional"),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, "no"),
        ({"Effect": "Deny", "Action": "ec2:Run*", "Resource": "*"}, "no"),
    ],
)
def test_a_verdict_says_if_it_depends(statement: dict[str, Any], verdict: str) -> None:
    assert documents_of(role({"Statement": statement})).verdict("ec2:RunInstances") == verdict


def test_a_wide_statement_decides_where_a_narrow_one_stands_before_it() -> None:
    narrow = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*:*:instance/i-1"}
    both = {"Statement": [narrow, EC2["Statement"]]}
    assert documents_of(role(both)).verdict("ec2:RunInstances") == "everywhere"


def test_the_boundary_has_its_say_and_a_role_without_one_allows_nothing() -> None:
    every = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    assert documents_of(role(every)).verdict("iam:CreateUser") == "no"
    assert documents_of(role(EC2, boundary=None)).verdict("ec2:RunInstances") == "no"


def test_revoked_sessions_make_no_action_conditional() -> None:
    revoked = {
        "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"a": "b"}}}
    }
    made = RoleInAws({}, BOUNDARY, 3600, {REVOCATIONS: revoked, "inline policy own": EC2})
    assert documents_of(made).verdict("ec2:RunInstances") == "everywhere"


PATTERNS = st.sampled_from(["*", "ec2:*", "EC2:Describe*", "e?2:Run*", "s3:GetObject", "s*:*", "iam:*"])
STATEMENTS = st.builds(
    lambda effect, element, patterns, resource: {"Effect": effect, element: patterns, "Resource": resource},
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["Action", "Action", "NotAction"]),
    st.lists(PATTERNS, min_size=1, max_size=3),
    st.sampled_from(["*", "arn:aws:ec2:*:*:instance/i-1"]),
)


@given(st.lists(STATEMENTS, max_size=4))
@settings(max_examples=200)
def test_judging_by_service_is_judging_each_action_on_the_whole_documents(found: list[dict[str, Any]]) -> None:
    document = {"Statement": found}
    listed = {
        f"{service}:{name}"
        for service, names in allowed_of(documents_of(role(document)), ACTIONS).items()
        for name in names
    }
    whole = {
        action for action in ACTIONS
        if deciding(document, action).effect == "Allow" and deciding(BOUNDARY, action).effect == "Allow"
    }  # fmt: skip
    assert listed == whole
