"""The change set as the deployer sees it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lambda_package.deployment.change_set import Made, lines, pairs
from lambda_package.failures import PackagingFailed

CHANGES = [
    {"Action": "Add", "LogicalResourceId": "Queue", "ResourceType": "AWS::SQS::Queue"},
    {"Action": "Modify", "LogicalResourceId": "Role", "ResourceType": "AWS::IAM::Role", "Replacement": "False"},
    {"Action": "Modify", "LogicalResourceId": "Table", "ResourceType": "AWS::DynamoDB::Table", "Replacement": "True"},
    {"Action": "Remove", "LogicalResourceId": "Alarm", "ResourceType": "AWS::CloudWatch::Alarm"},
]


class Described:
    """CloudFormation with one change set."""

    def get_paginator(self, _name: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=self.pages)

    def pages(self, **_given: Any) -> list[dict[str, Any]]:
        return [{"Changes": [{"ResourceChange": one} for one in half]} for half in (CHANGES[:2], CHANGES[2:])]


def test_what_is_lost_stands_first_and_is_marked() -> None:
    assert list(lines(Described(), Made("access-broker-prod", "deploy-1", creates=False))) == [
        "!! Modify  Table AWS::DynamoDB::Table (replaced: true)",
        "!! Remove  Alarm AWS::CloudWatch::Alarm",
        "   Add     Queue AWS::SQS::Queue",
        "   Modify  Role AWS::IAM::Role",
    ]


def test_a_value_may_hold_spaces_and_equal_signs() -> None:
    assert pairs(["CleanupSchedule=rate(12 hours)", "A=b=c", "Empty="]) == {
        "CleanupSchedule": "rate(12 hours)",
        "A": "b=c",
        "Empty": "",
    }


@pytest.mark.parametrize("odd", ["CleanupUpTo", "=deleted"])
def test_anything_but_name_and_value_is_refused(odd: str) -> None:
    with pytest.raises(PackagingFailed, match="Name=value"):
        pairs([odd])
