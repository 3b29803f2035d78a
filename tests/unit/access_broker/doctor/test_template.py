"""The template's intrinsic functions, filled in."""

from __future__ import annotations

from typing import Any

import pytest

from access_broker.doctor.aws.template import Resource, Template
from access_broker.doctor.model import CannotLook

VALUES = {
    "AWS::Partition": "aws-cn", "AWS::Region": "cn-north-1", "AWS::AccountId": "111122223333",
    "AWS::StackName": "broker", "Stage": "prod",
}  # fmt: skip
RESOURCES = {
    "Table": Resource("Table", "AWS::DynamoDB::Table", "broker"),
    "Queue": Resource("Queue", "AWS::SQS::Queue", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/letters"),
    "Topic": Resource("Topic", "AWS::SNS::Topic", "arn:aws-cn:sns:cn-north-1:111122223333:alarms"),
}
CONDITIONS = {"Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, "Dev": {"Fn::Not": [{"Condition": "Prod"}]}}
TEMPLATE = Template(
    {"Conditions": CONDITIONS, "Resources": {}}, RESOURCES, VALUES, {("Table", "StreamArn"): "arn:aws-cn:stream"}
)


@pytest.mark.parametrize(
    ("declared", "resolved"),
    [
        ({"Ref": "Topic"}, "arn:aws-cn:sns:cn-north-1:111122223333:alarms"),
        ({"Ref": "AWS::Region"}, "cn-north-1"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/broker"),
        ({"Fn::GetAtt": "Table.StreamArn"}, "arn:aws-cn:stream"),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "letters"),
        ({"Fn::Sub": "${Table.Arn}/index/*"}, "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/broker/index/*"),
        ({"Fn::Sub": ["${Name}-${AWS::StackName}-${!Kept}", {"Name": {"Ref": "Stage"}}]}, "prod-broker-${!Kept}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-prod"),
        ({"Fn::If": ["Prod", 1, 2]}, 1),
        ({"Fn::If": ["Dev", 1, 2]}, 2),
        ({"Kept": 1, "Gone": {"Fn::If": ["Dev", 1, {"Ref": "AWS::NoValue"}]}}, {"Kept": 1}),
        ([{"Fn::If": ["Dev", 1, {"Ref": "AWS::NoValue"}]}, 2], [2]),
    ],
)
def test_it_is_filled_in_as_cloudformation_does(declared: Any, resolved: Any) -> None:
    assert TEMPLATE.resolved(declared) == resolved


@pytest.mark.parametrize("declared", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Topic", "Color"]}])
def test_what_it_cannot_work_out_is_said_rather_than_guessed(declared: Any) -> None:
    with pytest.raises(CannotLook):
        TEMPLATE.resolved(declared)
