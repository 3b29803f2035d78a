"""Events of CloudTrail as uses of IAM's actions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.insight.domain.usage import MOST_RESOURCES, ActionUse, actions_of, used
from chalicelib.sessions.domain.activity import Call

KNOWN = actions_of(json.loads(Path("policies/service-authorization.json").read_text()))
ARN = "arn:aws:ec2:us-east-1:123456789012:instance/i-1"


def call(service: str, action: str, *resources: str, error: str = "", at: str = "2026-11-23T12:00:00Z") -> Call:
    return Call(
        id="1", at=at, service=f"{service}.amazonaws.com", action=action, region="", source_ip="", user_agent="",
        read_only=True, error=error, access_key_id="", resources=resources,
    )  # fmt: skip


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
    uses, unmatched = used([call(service, event)], KNOWN)
    assert ([use.name for use in uses], unmatched) == ([action], ())


def test_an_event_without_an_action_is_told_and_not_guessed() -> None:
    uses, unmatched = used([call("ec2", "NoSuchThing"), call("dynamodb", "TransactWriteItems")], KNOWN)
    assert (uses, unmatched) == ((), ("dynamodb:TransactWriteItems", "ec2:NoSuchThing"))


def test_calls_are_counted_refused_ones_apart() -> None:
    later = "2026-11-24T12:00:00Z"
    calls = [
        call("ec2", "StopInstances", ARN, at=later), call("ec2", "StopInstances", "i-1", ARN),
        call("ec2", "StopInstances", error="UnauthorizedOperation", at="2026-11-25T12:00:00Z"),
    ]  # fmt: skip
    assert used(calls, KNOWN)[0] == (ActionUse("ec2", "StopInstances", 2, 1, later, (ARN,), every_call_named=True),)
    [unnamed] = used([*calls, call("ec2", "StopInstances", "i-1")], KNOWN)[0]
    assert unnamed.every_call_named is False


def test_of_many_resources_one_more_is_told_than_a_suggestion_takes_over() -> None:
    [use] = used([call("ec2", "StopInstances", f"{ARN}{number}") for number in range(50)], KNOWN)[0]
    assert len(use.resources) == MOST_RESOURCES + 1
