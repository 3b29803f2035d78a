"""Suggestions: what was used is allowed, nothing that the role does not allow, and all that is left out is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insight.domain.suggestion import MOST_RESOURCES, actions_of, suggest, template, used

KNOWN = actions_of(json.loads(Path("policies/service-authorization.json").read_text()))
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t"


def call(service: str, action: str, *resources: str, error: str = "") -> dict[str, Any]:
    at = "2026-11-23T12:00:00.000Z"
    return {"service": f"{service}.amazonaws.com", "action": action, "resources": resources, "error": error, "at": at}


@pytest.mark.parametrize(
    ("service", "event", "action"),
    [
        ("ec2", "DescribeInstances", "ec2:DescribeInstances"),
        ("monitoring", "PutMetricData", "cloudwatch:PutMetricData"),
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("lambda", "ListFunctions20150331", "lambda:ListFunctions"),
    ],
)
def test_an_event_is_the_action_that_allows_it(service: str, event: str, action: str) -> None:
    uses, unknown = used([call(service, event)], KNOWN)
    assert (list(uses), unknown) == ([action], {})


def test_an_event_without_an_action_is_told_and_not_guessed() -> None:
    uses, unknown = used([call("ec2", "NoSuchThing"), call("dynamodb", "TransactWriteItems")], KNOWN)
    assert (uses, list(unknown)) == ({}, ["ec2:NoSuchThing", "dynamodb:TransactWriteItems"])


ALLOWED = st.dictionaries(st.sampled_from(["ec2:DescribeVpcs", "ec2:RunInstances", "s3:GetObject"]), st.sampled_from(
    ["open", "conditional", "closed"]
))  # fmt: skip
CALLS = st.lists(
    st.sampled_from([("ec2", "DescribeVpcs"), ("ec2", "RunInstances"), ("s3", "GetObject")]).map(lambda one: call(*one))
)


@given(CALLS, ALLOWED)
def test_it_never_widens(calls: list[dict[str, Any]], allowed: dict[str, str]) -> None:
    uses, unknown = used(calls, KNOWN)
    found = suggest(uses, unknown, allowed)
    given_now = {action for one in found.policy["Statement"] for action in one["Action"]}
    assert given_now == {action for action in uses if allowed.get(action) == "open"}
    assert given_now | found.left_out.keys() == uses.keys()


def test_denied_calls_are_apart() -> None:
    uses, unknown = used([call("ec2", "RunInstances", error="UnauthorizedOperation")], KNOWN)
    found = suggest(uses, unknown, {"ec2:RunInstances": "open"})
    assert (found.policy["Statement"], found.denied) == ([], {"ec2:RunInstances": 1})


def test_resources_are_narrowed_where_every_call_names_them() -> None:
    calls = [call("dynamodb", "GetItem", ARN), call("dynamodb", "GetItem", ARN), call("dynamodb", "ListTables")]
    uses, unknown = used(calls, KNOWN)
    found = suggest(uses, unknown, dict.fromkeys(uses, "open"))
    assert [(one["Action"], one["Resource"]) for one in found.policy["Statement"]] == [
        (["dynamodb:GetItem"], [ARN]), (["dynamodb:ListTables"], ["*"])
    ]  # fmt: skip
    many = [call("dynamodb", "GetItem", f"{ARN}{number}") for number in range(MOST_RESOURCES + 1)]
    uses, unknown = used(many, KNOWN)
    [wide] = suggest(uses, unknown, dict.fromkeys(uses, "open")).policy["Statement"]
    assert wide["Resource"] == ["*"]


def test_the_template_is_the_roles_own_with_a_reason_for_each_statement() -> None:
    uses, unknown = used([call("ec2", "DescribeVpcs"), call("ec2", "Evil\nname: other")], KNOWN)
    found = suggest(uses, unknown, {"ec2:DescribeVpcs": "open"})
    text = template({"name": "wide", "managed_policies": ["X"], "tags": {"a": "012"}}, found, "2026-11-01")
    assert yaml.safe_load(text) == {
        "name": "wide", "tags": {"a": "012"}, "managed_policies": [], "inline_policy": found.policy
    }  # fmt: skip
    assert "# ec2:DescribeVpcs: 1 call, last 2026-11-23" in text
