"""`make deploy GRADUAL=1`: the API function behind an alias, to which a new version takes over on probation."""

from __future__ import annotations

import json
from typing import Any

from lambda_package.deployment.settings import digest, values_of

API, ALIAS = "APIHandler", "live"
WATCHED = (
    "ApiErrorsAlarm",
    "ApiThrottlesAlarm",
    "AuditErrorsAlarm",
    "ProvisionErrorsAlarm",
    "ProvisionThrottlesAlarm",
    "TrailErrorsAlarm",
)
"""The alarms that take a deployment back. CloudFormation then takes the whole stack back, all functions included."""

PACE = "Canary10Percent5Minutes"
ROLE = "DeploymentRole"
FUNCTION = {"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-api"}

Document = dict[str, Any]


def make_gradual(template: Document, *, snap_start: bool) -> Document:
    """The template with the API function behind an alias, whose traffic CodeDeploy shifts."""
    made: Document = json.loads(json.dumps(template).replace(f"${{{API}.Arn}}", f"${{{API}.Alias}}"))
    resources = made["Resources"]
    function = resources[API]["Properties"]
    function["AutoPublishAlias"] = ALIAS
    function["DeploymentPreference"] = {
        "Type": PACE,
        "Alarms": [{"Ref": name} for name in WATCHED],
        "Role": {"Fn::GetAtt": [ROLE, "Arn"]},
    }
    if snap_start:
        function["SnapStart"] = {"ApplyOn": "PublishedVersions"}
    resources["APIHandlerInvokePermission"]["Properties"]["FunctionName"] = {"Ref": f"{API}.Alias"}
    resources[ROLE] = _role(resources["ApiHandlerRole"]["Properties"]["PermissionsBoundary"])
    return made


def settings_of(template: Document, stack: Document | None, given: dict[str, str]) -> str:
    """A digest of the template and the values of its parameters.

    SAM publishes a new version where the code's address changed, and only then. With this
    digest in the address, settings that changed reach the alias as well.
    """
    return digest([template["Resources"][API], values_of(template, stack, given)])


def _role(boundary: Any) -> Document:
    """The role of CodeDeploy. It may move the alias of this one function, and look at alarms."""
    shift = {
        "Sid": "MoveTheAliasOfTheApiFunction",
        "Effect": "Allow",
        "Action": ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"],
        "Resource": [FUNCTION, {"Fn::Sub": f"{FUNCTION['Fn::Sub']}:*"}],
    }
    look = {"Sid": "LookAtTheAlarms", "Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": "*"}
    trust = {
        "Sid": "CodeDeployOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": "codedeploy.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    policy = {"Version": "2012-10-17", "Statement": [shift, look]}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "PermissionsBoundary": boundary,
            "Policies": [{"PolicyName": "shift", "PolicyDocument": policy}],
        },
    }
