"""What reaches the trail function: by its own rule, from the other regions, and on the embedded AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import EventPattern

from chalicelib.audit.domain.bypass_detection import assumption
from chalicelib.audit.handlers.trail_function import PATTERN
from localaws.trail_pump import pump

FORWARDING = Path(".chalice/bypass-forwarding.json")
TEMPLATE: dict[str, Any] = json.loads(FORWARDING.read_text())
RULE = TEMPLATE["Resources"]["Rule"]["Properties"]
RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
READ_EVENTS_TOO = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
ROLE_ARN = "arn:aws:iam::123456789012:role/access-broker/ec2-full"


def recorded(**members: Any) -> dict[str, Any]:
    """An AssumeRole as CloudTrail records it (CloudTrail user guide, "Examples: AWS STS API events in log files")."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAJ45Q7YFFAREXAMPLE",
            "arn": "arn:aws:iam::123456789012:user/mallory",
            "accountId": "123456789012",
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "mallory",
        },
        "eventTime": "2026-11-23T12:00:01Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.28.1",
        "requestParameters": {"roleArn": ROLE_ARN, "roleSessionName": "directly", "durationSeconds": 3600},
        "responseElements": {"credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionToken": "…"}},
        "requestID": "4EXAMPLE-0d8d-11e4-96e9-e55c0EXAMPLE",
        "eventID": "bEXAMPLE-efea-4a70-b951-19a88EXAMPLE",
        "readOnly": True,
        "resources": [{"ARN": ROLE_ARN, "accountId": "123456789012", "type": "AWS::IAM::Role"}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
        **members,
    }


ELSEWHERE = {"roleArn": "arn:aws:iam::123456789012:role/admin", "roleSessionName": "directly"}
SEEN = {
    "assumed": (recorded(), True),
    "in a path below": (recorded(requestParameters={**ELSEWHERE, "roleArn": ROLE_ARN.replace("ec2", "a/ec2")}), True),
    "refused": (recorded(errorCode="AccessDenied"), False),
    "another role": (recorded(requestParameters=ELSEWHERE), False),
}


class CloudTrail:
    """LookupEvents of one record, asked for its name and others."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record

    def get_paginator(self, _operation: str) -> CloudTrail:
        return self

    def paginate(self, **query: Any) -> list[dict[str, Any]]:
        asked_for = query["LookupAttributes"][0]["AttributeValue"] == self._record["eventName"]
        return [{"Events": [{"CloudTrailEvent": json.dumps(self._record)}] if asked_for else []}]


class Functions:
    """Lambda that keeps what it is handed."""

    def __init__(self) -> None:
        self.handed: list[dict[str, Any]] = []

    def invoke(self, **call: Any) -> dict[str, Any]:
        self.handed.append(json.loads(call["Payload"]))
        return {"Payload": BytesIO(b'{"verdict": "bypass"}')}


def handed_on(record: dict[str, Any]) -> list[dict[str, Any]]:
    functions = Functions()
    pump(CloudTrail(record), functions, "trail", datetime(2026, 11, 23, tzinfo=UTC))
    return functions.handed


def delivered(record: dict[str, Any]) -> dict[str, Any]:
    """The event as EventBridge delivers it (EventBridge user guide, "AWS service events delivered via CloudTrail")."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.sts",
        "account": "123456789012",
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


@pytest.mark.parametrize(("record", "ours"), SEEN.values(), ids=SEEN.keys())
def test_the_pattern_lets_through_what_the_function_judges_and_so_does_the_embedded_aws(
    record: dict[str, Any], *, ours: bool
) -> None:
    pattern: Any = EventPattern.load(json.dumps(PATTERN))
    assert pattern.matches_event(delivered(record)) is ours
    assert bool(assumption(record)) is ours
    assert bool(handed_on(record)) is ours


def test_a_record_of_another_account_than_the_sender_is_forged() -> None:
    record = recorded(recipientAccountId="123456789012")
    assert assumption(record, delivered(record)["account"])
    assert assumption(record, "999999999999") is None


def test_members_may_put_events_of_sts_on_the_hubs_bus_and_no_others() -> None:
    """AWS refuses these from PutEvents: what is left is what EventBridge itself forwards."""
    statement = RESOURCES["MemberEvents"]["Properties"]["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}},
        "ForAllValues:StringEquals": {"events:source": "aws.sts"},
    }


def test_the_embedded_aws_hands_on_what_eventbridge_would() -> None:
    (event,) = handed_on(recorded())
    assert {**event, "id": ""} == {**delivered(recorded()), "id": ""}


def test_both_rules_get_read_only_events_which_assuming_a_role_is() -> None:
    assert RESOURCES["Trail"]["Properties"]["Events"]["TrailEvent"]["Properties"]["State"] == READ_EVENTS_TOO
    assert RULE["State"] == READ_EVENTS_TOO


def test_other_regions_hand_on_the_same_events_to_the_brokers_bus_and_nothing_else() -> None:
    assert RULE["EventPattern"] == PATTERN
    (target,) = RULE["Targets"]
    role = TEMPLATE["Resources"]["Role"]["Properties"]
    (policy,) = role["Policies"]
    (allowed,) = policy["PolicyDocument"]["Statement"]
    assert (allowed["Action"], allowed["Resource"]) == ("events:PutEvents", target["Arn"])
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"].endswith(f":rule/{RULE['Name']['Fn::Sub']}")


def test_a_brokered_role_does_not_reach_the_rule_in_any_region() -> None:
    denied = json.dumps(RESOURCES["Boundary"]["Properties"]["PolicyDocument"]["Statement"])
    assert ":events:*:${AWS::AccountId}:rule/access-broker-*" in denied
    assert RULE["Name"]["Fn::Sub"].startswith("${Deployment}-")


def test_in_the_brokers_own_region_nothing_is_handed_on_for_it_would_go_in_circles() -> None:
    assert {one["Condition"] for one in TEMPLATE["Resources"].values()} == {"Elsewhere"}


def test_cloudformation_would_take_the_template() -> None:
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([cfn_lint, FORWARDING], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
