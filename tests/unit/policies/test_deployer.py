"""The deployer's policy lists what the stack is made of: a resource nobody may make fails the first deployment."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from policytool.deployment_roles import FILE, template

TEMPLATES = (Path(".chalice/resources.json"), Path(".chalice/resources-aws.json"))
RESOURCES = {
    name: resource for file in TEMPLATES for name, resource in json.loads(file.read_text())["Resources"].items()
}
FILES = ("policies/deployer.json", "policies/deployer-options.json")
STATEMENTS = [one for file in FILES for one in json.loads(Path(file).read_text())["Statement"]]
ACTIONS = {
    action
    for statement in STATEMENTS
    for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
}

MAKING = {
    "AWS::ApiGateway::Account": {"apigateway:PATCH"},
    "AWS::ApiGateway::BasePathMapping": {"apigateway:POST", "apigateway:PATCH"},
    "AWS::ApiGateway::DomainName": {"apigateway:POST", "apigateway:PATCH"},
    "AWS::CloudWatch::Alarm": {"cloudwatch:PutMetricAlarm"},
    "AWS::CloudWatch::Dashboard": {"cloudwatch:PutDashboard"},
    "AWS::DynamoDB::Table": {"dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:DescribeTable"},
    "AWS::Events::EventBusPolicy": {"events:PutPermission", "events:DescribeEventBus"},
    "AWS::IAM::ManagedPolicy": {"iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion"},
    "AWS::IAM::Role": {"iam:CreateRole", "iam:AttachRolePolicy", "iam:PassRole"},
    "AWS::Logs::LogGroup": {"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DescribeLogGroups"},
    "AWS::Logs::QueryDefinition": {"logs:PutQueryDefinition", "logs:DescribeQueryDefinitions"},
    "AWS::SNS::Subscription": {"sns:Subscribe", "sns:GetSubscriptionAttributes"},
    "AWS::SNS::Topic": {"sns:CreateTopic", "sns:SetTopicAttributes", "sns:GetTopicAttributes"},
    "AWS::SQS::Queue": {"sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:GetQueueAttributes"},
    "AWS::WAFv2::WebACLAssociation": {"apigateway:SetWebACL", "wafv2:AssociateWebACL", "wafv2:GetWebACLForResource"},
}
DELETING = {
    "AWS::ApiGateway::Account": "apigateway:PATCH",
    "AWS::ApiGateway::BasePathMapping": "apigateway:DELETE",
    "AWS::ApiGateway::DomainName": "apigateway:DELETE",
    "AWS::CloudWatch::Alarm": "cloudwatch:DeleteAlarms",
    "AWS::CloudWatch::Dashboard": "cloudwatch:DeleteDashboards",
    "AWS::DynamoDB::Table": "dynamodb:DeleteTable",
    "AWS::Events::EventBusPolicy": "events:RemovePermission",
    "AWS::IAM::ManagedPolicy": "iam:DeletePolicy",
    "AWS::IAM::Role": "iam:DeleteRole",
    "AWS::Logs::LogGroup": "logs:DeleteLogGroup",
    "AWS::Logs::QueryDefinition": "logs:DeleteQueryDefinition",
    "AWS::SNS::Subscription": "sns:Unsubscribe",
    "AWS::SNS::Topic": "sns:DeleteTopic",
    "AWS::SQS::Queue": "sqs:DeleteQueue",
    "AWS::WAFv2::WebACLAssociation": "wafv2:DisassociateWebACL",
}
OF_THE_TRANSFORM = {
    "AWS::ApiGateway::RestApi": {"apigateway:POST", "apigateway:PATCH", "apigateway:UpdateRestApiPolicy"},
    "AWS::Events::Rule": {"events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule"},
    "AWS::IAM::Role": {"iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole"},
    "AWS::Lambda::EventSourceMapping": {"lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping"},
    "AWS::Lambda::Function": {"lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:DeleteFunction"},
    "AWS::Lambda::Permission": {"lambda:AddPermission", "lambda:RemovePermission"},
}
"""What the functions and the API of app.py become."""

NEEDED_BY_PROPERTIES = {
    "DeletionProtectionEnabled": ("AWS::Logs::LogGroup", "logs:PutLogGroupDeletionProtection"),
    "ReservedConcurrentExecutions": (None, "lambda:PutFunctionConcurrency"),
}


def kinds(*, retained: bool) -> set[str]:
    """The types in the templates, those only that are kept or go with the stack."""
    typed: list[dict[str, Any]] = [one for one in RESOURCES.values() if "Type" in one]
    return {one["Type"] for one in typed if (one.get("DeletionPolicy") == "Retain") is retained}


@pytest.mark.parametrize("kind", sorted(kinds(retained=True) | kinds(retained=False)))
def test_the_deployer_may_make_and_change_each_kind_of_resource(kind) -> None:
    assert MAKING[kind] <= ACTIONS


@pytest.mark.parametrize("kind", sorted(kinds(retained=False)))
def test_the_deployer_may_delete_what_goes_with_the_stack(kind) -> None:
    assert DELETING[kind] in ACTIONS


@pytest.mark.parametrize("kind", sorted(kinds(retained=True) - kinds(retained=False)))
def test_the_deployer_may_not_delete_what_is_kept(kind) -> None:
    assert DELETING[kind] not in ACTIONS


@pytest.mark.parametrize("kind", OF_THE_TRANSFORM)
def test_the_deployer_may_make_what_the_functions_and_the_api_become(kind) -> None:
    assert OF_THE_TRANSFORM[kind] <= ACTIONS


@pytest.mark.parametrize("name", NEEDED_BY_PROPERTIES)
def test_what_a_property_needs_is_allowed_if_the_property_is_set_and_only_then(name) -> None:
    kind, action = NEEDED_BY_PROPERTIES[name]
    set_somewhere = any(name in one.get("Properties", {}) for one in RESOURCES.values() if one.get("Type") == kind)
    assert (action in ACTIONS) is set_somewhere


def test_what_only_options_need_stands_apart() -> None:
    always = {action for one in json.loads(Path(FILES[0]).read_text())["Statement"] for action in listed(one["Action"])}
    assert not [one for one in always if one.startswith(("kms:", "wafv2:")) or one == "iam:AttachRolePolicy"]
    assert "apigateway:SetWebACL" not in always
    assert "/domainnames" not in Path(FILES[0]).read_text()


def test_the_deployer_may_change_the_domain_that_an_administrator_filled_in_and_no_other() -> None:
    domain = "arn:aws:apigateway:eu-west-1::/domainnames/"
    assert not allowing("apigateway:PATCH", f"{domain}shop.example.com")
    assert not allowing("apigateway:DELETE", f"{domain}shop.example.com/basepathmappings/cart")
    assert allowing("apigateway:PATCH", f"{domain}REPLACE-WITH-YOUR-DOMAIN")


def test_the_audit_log_is_not_the_deployers_to_delete() -> None:
    deleting = [one["Resource"] for one in STATEMENTS if "logs:DeleteLogGroup" in one["Action"]]
    assert not [one for one in deleting if fnmatchcase("arn:aws:logs:r:1:log-group:/access-broker-prod/audit", one)]


def allowing(action: str, resource: str) -> list[str]:
    """The Sids of the unconditional statements that allow the action on the resource."""
    return [
        one["Sid"]
        for one in STATEMENTS
        if action in listed(one["Action"]) and "Condition" not in one
        if any(fnmatchcase(resource, pattern) for pattern in listed(one["Resource"]))
    ]


@pytest.mark.parametrize("action", ["lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"])
def test_connections_of_streams_and_queues_may_be_tagged_as_cloudformation_does(action: str) -> None:
    """TagResource knows no condition lambda:FunctionArn (service authorization reference, AWS Lambda)."""
    assert allowing(action, "arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:0a1b")


@pytest.mark.parametrize(
    "action", ["logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"]
)
def test_calls_that_take_no_resource_are_allowed_on_all(action: str) -> None:
    assert allowing(action, "*")


def test_the_web_acl_may_be_put_before_stages_alone() -> None:
    assert allowing("apigateway:SetWebACL", "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/api")
    assert not allowing("apigateway:SetWebACL", "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3")


def test_the_policy_fits_into_a_managed_policy() -> None:
    for file in Path("policies").glob("deployer*.json"):
        assert len(json.dumps(json.loads(file.read_text()), separators=(",", ":"))) < 6144


def test_the_roles_of_a_ci_deployer_are_made_from_these_files() -> None:
    assert json.loads(FILE.read_text()) == template(), "run python -m policytool.deployment_roles"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
