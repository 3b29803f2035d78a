"""The calls that CloudFormation makes for a resource, from the handlers of its schemas, as requests to judge."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.evaluator import PLACE, installed
from tests.evaluator.stack import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.evaluator.stack import Resource

OPERATIONS = ("create", "read", "update", "delete")
PACKAGE = "arn:aws:s3:::access-broker-packages/0a1b.zip"
PASSED_TO = {
    "AWS::ApiGateway::Account": "apigateway.amazonaws.com",
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy.amazonaws.com",
    "AWS::Lambda::Function": "lambda.amazonaws.com",
}

ONLY_FOR: dict[str, dict[str, str]] = {
    "AWS::ApiGateway::RestApi": {"BodyS3Location": "s3:GetObject", "Credentials": "iam:PassRole"},
    "AWS::CodeDeploy::DeploymentGroup": {"OnPremisesInstanceTagFilters": "codedeploy:RegisterOnPremisesInstance"},
    "AWS::DynamoDB::Table": {
        "ContributorInsightsSpecification": "dynamodb:UpdateContributorInsights",
        "GlobalTableSourceArn": "dynamodb:CreateTableReplica dynamodb:AssociateTableReplica dynamodb:Scan "
        "dynamodb:Query dynamodb:*Item iam:CreateServiceLinkedRole",
        "ImportSourceSpecification": "dynamodb:*Import* logs:* s3:*",
        "KinesisStreamSpecification": "dynamodb:EnableKinesis* dynamodb:DisableKinesis* dynamodb:UpdateKinesis* "
        "kinesis:*",
        "KMSMasterKeyId": "kms:*",
        "ResourcePolicy": "dynamodb:PutResourcePolicy dynamodb:DeleteResourcePolicy",
    },
    "AWS::Events::Rule": {"RoleArn": "iam:PassRole"},
    "AWS::IAM::ManagedPolicy": {
        "Groups": "iam:AttachGroupPolicy iam:DetachGroupPolicy",
        "Roles": "iam:AttachRolePolicy iam:DetachRolePolicy",
        "Users": "iam:AttachUserPolicy iam:DetachUserPolicy",
    },
    "AWS::IAM::Role": {
        "Description": "iam:UpdateRoleDescription",
        "ManagedPolicyArns": "iam:AttachRolePolicy iam:DetachRolePolicy",
        "PermissionsBoundary": "iam:*RolePermissionsBoundary",
    },
    "AWS::Lambda::Alias": {"ProvisionedConcurrencyConfig": "lambda:*ProvisionedConcurrencyConfig"},
    "AWS::Lambda::EventSourceMapping": {"KmsKeyArn": "kms:*"},
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": "lambda:PassCapacityProvider lambda:PutFunctionScalingConfig",
        "CodeSigningConfigArn": "lambda:*CodeSigningConfig",
        "FileSystemConfigs": "elasticfilesystem:* s3files:*",
        "KmsKeyArn": "kms:*",
        "Layers": "lambda:GetLayerVersion",
        "PublishToLatestPublished": "lambda:PublishVersion",
        "RecursiveLoop": "lambda:PutFunctionRecursionConfig",
        "RuntimeManagementConfig": "lambda:PutRuntimeManagementConfig lambda:AssociateRuntimeAlias",
        "S3ObjectVersion": "s3:GetObjectVersion",
        "VpcConfig": "ec2:*",
    },
    "AWS::Lambda::Version": {
        "FunctionScalingConfig": "lambda:PutFunctionScalingConfig",
        "ProvisionedConcurrencyConfig": "lambda:*ProvisionedConcurrencyConfig",
        "RuntimePolicy": "lambda:PutRuntimeManagementConfig",
    },
    "AWS::Logs::LogGroup": {
        "BearerTokenAuthenticationEnabled": "logs:PutBearerTokenAuthentication",
        "DataProtectionPolicy": "logs:PutDataProtectionPolicy logs:DeleteDataProtectionPolicy logs:CreateLogDelivery "
        "s3:REST.PUT.OBJECT firehose:TagDeliveryStream",
        "FieldIndexPolicies": "logs:PutIndexPolicy logs:DeleteIndexPolicy",
        "KmsKeyId": "logs:AssociateKmsKey logs:DisassociateKmsKey",
        "ResourcePolicyDocument": "logs:PutResourcePolicy logs:DeleteResourcePolicy",
    },
    "AWS::SNS::Subscription": {
        "FilterPolicy": "sns:SetSubscriptionAttributes",
        "SubscriptionRoleArn": "iam:GetRole iam:PassRole",
    },
    "AWS::SNS::Topic": {
        "DataProtectionPolicy": "sns:PutDataProtectionPolicy",
        "DeliveryStatusLogging": "iam:GetRole iam:PassRole",
    },
    "AWS::WAFv2::WebACLAssociation": {
        "Resources of other services": "amplify:* apprunner:* appsync:* bedrock-agentcore:* cognito-idp:* ec2:* "
        "elasticloadbalancing:*",
        "Rule groups that others share": "wafv2:*PermissionPolicy",
        "A stage, which the evaluator does not know (tests/unit/policies/test_deployer.py)": "apigateway:SetWebACL",
    },
}
"""By type and property: what the handlers call only if the template sets the property."""

NEVER_REMOVED = {
    "iam:DeleteRolePermissionsBoundary": "PermissionsBoundary",
    "lambda:DeleteFunctionCodeSigningConfig": "CodeSigningConfigArn",
    "logs:DeleteRetentionPolicy": "RetentionInDays",
}
"""Calls that only take away what the resource has: the first two are an administrator's."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one handler for one resource."""

    logical: str
    operation: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


def calls(resource: Resource) -> Iterator[Call]:
    """Every call that the handlers list for this resource, but those for properties that it has not."""
    # cfnlint takes long to import, and every process of a run collects what imports this file.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource.kind).schema
    operations = [one for one in OPERATIONS if not (one == "delete" and resource.retained)]
    for operation in operations:
        listed = schema["handlers"].get(operation, {}).get("permissions", [])
        for action in listed:
            if _concerns(resource, action):
                yield from _on_its_resources(resource, operation, action)


def _concerns(resource: Resource, action: str) -> bool:
    text = json.dumps(resource.properties)
    if f'"{NEVER_REMOVED.get(action, "")}"' in text:
        return False
    options = [
        name
        for name, actions in ONLY_FOR.get(resource.kind, {}).items()
        if any(fnmatchcase(action, one) for one in actions.split())
    ]
    return not options or any(f'"{name}"' in text for name in options)


def _on_its_resources(resource: Resource, operation: str, action: str) -> Iterator[Call]:
    forms = resource_forms(action)
    if not forms:
        yield Call(resource.logical, operation, action, "*", _context(resource, action))
        return
    others = [PACKAGE if name == "S3Bucket" else value for name, value in resource.others.items()]
    near = ([arn for arn in arns if any(_is_a(arn, form) for form in forms)] for arns in (resource.arns, others))
    found = next((arns for arns in near if arns), [])
    for arn in found:
        yield Call(resource.logical, operation, action, arn, _context(resource, action))
    if not found:
        yield Call(resource.logical, operation, action, f"NO RESOURCE OF THE STACK: {' '.join(forms)}")


def _is_a(arn: str, form: str) -> bool:
    """API Gateway has paths as resources: there a part of the pattern is one part of the path."""
    return fnmatchcase(arn, form) and (":apigateway:" not in arn or arn.count("/") == form.count("/"))


def _context(resource: Resource, action: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    if action == "iam:PassRole":
        found["iam:PassedToService"] = PASSED_TO[resource.kind]
    if resource.kind == "AWS::Lambda::EventSourceMapping":
        name = str(resource.properties["FunctionName"]).split(":")[-1]
        found["lambda:FunctionArn"] = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    if action in {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}:
        found["iam:PolicyARN"] = str(resource.properties["ManagedPolicyArns"][0])
    if resource.kind == "AWS::IAM::Role" and "PermissionsBoundary" in resource.properties:
        found["iam:PermissionsBoundary"] = str(resource.properties["PermissionsBoundary"])
    return tuple(found.items())


def resource_forms(action: str) -> tuple[str, ...]:
    """The ARN patterns of the resources that the action takes; none for an action without resources.

    Where AWS's data names two patterns in one text, the evaluator knows neither: they are left out.
    """
    service, name = action.split(":")
    described = _data("actions", service)[name.lower()]
    kinds = _data("resourceTypes", service)
    arns = [kinds[one["name"].lower()]["arn"] for one in described["resourceTypes"]]
    return tuple(_pattern(arn) for arn in arns if ", " not in arn)


def _pattern(arn: str) -> str:
    return re.sub(r"\$\{[^}]+\}", "*", arn)


@cache
def _data(kind: str, service: str) -> dict[str, Any]:
    """The evaluator's own data of AWS's service reference."""
    installed()
    file = PLACE / "node_modules" / "@cloud-copilot" / "iam-data" / "data" / kind / f"{service}.json"
    return dict(json.loads(file.read_text()))


def foreign_resources(action: str) -> list[str]:
    """One resource of each form that the action takes, in the same account, none of whose names is the broker's."""
    values = {"${Partition}": "aws", "${Region}": REGION, "${Account}": ACCOUNT}
    service, name = action.split(":")
    kinds = _data("resourceTypes", service)
    found = []
    for one in _data("actions", service)[name.lower()]["resourceTypes"]:
        arn = kinds[one["name"].lower()]["arn"]
        for key, value in values.items():
            arn = arn.replace(key, value)
        found.append(re.sub(r"\$\{[^}]+\}", "other", arn))
    return [arn for arn in found if not any(odd in arn for odd in (", ", "+", "/restapis", ":other:other"))] or ["*"]
