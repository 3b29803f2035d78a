"""What CloudFormation makes of the packaged template: one public stage, and nothing that the deployer may not make."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import lambda_package
from lambda_package import overlay
from lambda_package.deployment.gradual import WATCHED, make_gradual, settings_of
from tests.evaluator import Asked, evaluate
from tests.evaluator.deployment_roles import BOUNDARY, cloudformation
from tests.evaluator.handlers import OPERATIONS, calls, foreign_resources
from tests.evaluator.stack import ACCOUNT, Stack

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0a1b"
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    ],
}
"""The default policy of a key: the account's own policies decide."""

OF_ANOTHER = {
    "iam:PassedToService": "lambda.amazonaws.com",
    "lambda:FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other",
}


class NoManagedPolicies:
    """The template names none of SAM's policies."""

    def load(self) -> dict[str, str]:
        """Names to ARNs."""
        return {}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The packaged template with the resources that only a real account takes."""
    package = lambda_package.build("prod", tmp_path_factory.mktemp("package"), lambda_package.of_this_machine())
    overlay.add(package.template, Path(".chalice/resources-aws.json"))
    document: dict[str, Any] = json.loads(package.template.read_text())
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return document


def transformed(document: dict[str, Any]) -> dict[str, Any]:
    """The template after the SAM transform."""
    # The translator takes long to import, and every process of a run collects this file.
    from samtranslator.translator.transform import transform  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return dict(transform(copy.deepcopy(document), {}, NoManagedPolicies()))


@pytest.fixture(scope="module")
def template(packaged: dict[str, Any]) -> dict[str, Any]:
    """The template and parameters that CloudFormation gets."""
    return transformed(packaged)


@pytest.fixture(scope="module")
def gradual(packaged: dict[str, Any]) -> dict[str, Any]:
    """The same with the API function behind an alias."""
    return transformed(make_gradual(packaged, snap_start=True))


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """Its resources."""
    return dict(template["Resources"])


def of_kind(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values() if one["Type"] == kind]


def test_the_api_is_reached_by_one_stage_only_and_that_one_is_throttled(resources) -> None:
    """SAM's default adds a stage named Stage, which no throttle, alarm or metric of ours knows."""
    (deployment,) = of_kind(resources, "AWS::ApiGateway::Deployment")
    (stage,) = of_kind(resources, "AWS::ApiGateway::Stage")
    assert "StageName" not in deployment
    assert stage["StageName"] == "api"
    assert [one["ThrottlingRateLimit"] for one in stage["MethodSettings"]] == [200]


def test_an_edited_resource_policy_makes_a_new_deployment_of_the_api(packaged, resources) -> None:
    """Without one, API Gateway goes on with the old policy."""
    edited = copy.deepcopy(packaged)
    (api,) = (one for one in edited["Resources"].values() if one["Type"] == "AWS::Serverless::Api")
    api["Properties"]["DefinitionBody"]["x-amazon-apigateway-policy"]["Statement"].append(
        {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/api/*/health"}
    )
    made = transformed(edited)["Resources"]
    before, after = (
        [name for name, one in found.items() if one["Type"] == "AWS::ApiGateway::Deployment"]
        for found in (resources, made)
    )
    assert (len(before), len(after), before == after) == (1, 1, False)


OPTIONS = {
    "AlarmSubscriber": "alarms@example.com",
    "ApiAccessLogs": "on-with-account-role",
    "AuditConcurrency": 1,
    "CallersOrganization": "o-a1b2c3d4e5",
    "CertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/0a1b",
    "CodeSigningConfigArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0",
    "DomainBasePath": "access",
    "DomainName": "broker.example.com",
    "FunctionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/access-broker-functions",
    "KmsKeyArn": KEY,
    "OrganizationId": "o-a1b2c3d4e5",
    "ProvisionConcurrency": 1,
    "WebAclArn": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/edge/0a1b",
}
"""All but VpcEndpointIds: a private API has no custom domain."""


def deployers_policies(*names: str) -> dict[str, Any]:
    """The deployer's policies with the key and the domain filled in."""
    texts = {name: (Path("policies") / f"{name}.json").read_text() for name in names}
    values = {"REPLACE-WITH-YOUR-KEY": KEY.split("/")[1], "REPLACE-WITH-YOUR-DOMAIN": OPTIONS["DomainName"]}
    for wanted, value in values.items():
        texts = {name: text.replace(wanted, str(value)) for name, text in texts.items()}
    return {name: json.loads(text) for name, text in texts.items()}


def not_allowed(template: dict[str, Any], parameters: dict[str, Any], policies: dict[str, Any]) -> list[Any]:
    """The calls of CloudFormation's handlers that the policies do not allow, by the types' schemas."""
    made = Stack(template, parameters).resources()
    wanted = {(call.action, call.resource, call.context): (one.logical, call) for one in made for call in calls(one)}
    asked = [
        Asked(action, policies, None, resource, dict(context), KEY_POLICY if resource == KEY else None)
        for action, resource, context in wanted
    ]
    assert {call.operation for _, call in wanted.values()} == set(OPERATIONS)
    print(f"\n{len(made)} resources, {len(wanted)} different calls")  # noqa: T201
    return [of for of, allowed in zip(wanted.values(), evaluate(asked), strict=True) if not allowed]


def test_cloudformation_may_do_for_the_deployer_whatever_its_handlers_call(template) -> None:
    assert not_allowed(template, {}, deployers_policies("deployer")) == []


def test_it_may_with_every_option_and_with_an_alias_do_the_same_with_the_files_for_these(gradual) -> None:
    policies = deployers_policies("deployer", "deployer-options", "deployer-gradual")
    assert not_allowed(gradual, OPTIONS, policies) == []


def test_the_role_that_a_ci_deployer_gives_to_cloudformation_may_do_the_same(gradual) -> None:
    assert not_allowed(gradual, {**OPTIONS, "FunctionsBoundaryArn": BOUNDARY}, cloudformation()) == []


def test_api_gateway_calls_the_alias_and_alarms_take_a_version_back(gradual) -> None:
    made = gradual["Resources"]
    assert made["APIHandlerInvokePermission"]["Properties"]["FunctionName"] == {"Ref": "APIHandlerAliaslive"}
    assert "functions/${APIHandler.Arn}/" not in json.dumps(made["RestAPI"])
    assert "functions/${APIHandlerAliaslive}/" in json.dumps(made["RestAPI"])
    (group,) = of_kind(made, "AWS::CodeDeploy::DeploymentGroup")
    assert [one["Name"]["Ref"] for one in group["AlarmConfiguration"]["Alarms"]] == list(WATCHED)
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert made["APIHandler"]["Properties"]["SnapStart"] == {"ApplyOn": "PublishedVersions"}


def test_settings_that_change_make_a_new_version_and_the_same_ones_do_not(packaged) -> None:
    before = {"Parameters": [{"ParameterKey": "SlackChannel", "ParameterValue": "C012"}]}
    first = settings_of(packaged, None, {"SlackChannel": "C012"})
    assert settings_of(packaged, before, {}) == first
    assert settings_of(packaged, before, {"SlackChannel": "C345"}) != first
    other = copy.deepcopy(packaged)
    other["Resources"]["APIHandler"]["Properties"]["MemorySize"] = 1024
    assert settings_of(other, before, {}) != first


def test_the_deployer_may_delete_nothing_that_is_retained(template) -> None:
    kept = [replace(one, retained=False) for one in Stack(template, {}).resources() if one.retained]
    deleting = [call for one in kept for call in calls(one) if call.action.split(":")[1].startswith("Delete")]
    policies = deployers_policies("deployer", "deployer-options")
    assert len(deleting) == len(kept) == 3
    assert evaluate([Asked(one.action, policies, None, one.resource) for one in deleting]) == [False] * 3


NAMED_BY_AWS = {
    "apigateway:*": "an API's id is made by AWS; tags of an API and the account's settings have no name",
    "*ign*": "profiles, jobs and configurations of code signing have ids that others make",
    "cloudwatch:DescribeAlarms": "reads; CloudFormation asks for several alarms at once",
    "codedeploy:StopDeployment": "takes no resource",
    "events:*Permission": "the policy of an event bus takes no resource",
    "kms:ListAliases": "a read that takes no resource",
    "lambda:GetProvisionedConcurrencyConfig": "a read; the evaluator cannot tell an alias from a version",
    "lambda:*ag*": "an event source mapping's id is made by AWS",
    "logs:Describe*": "reads that take no resource",
    "logs:*QueryDefinition": "saved queries take no resource",
}
"""Calls that the policy cannot bind to access-broker-*, each with its reason."""


def test_the_deployer_may_do_nothing_outside_of_the_broker_but_what_has_no_name() -> None:
    policies = deployers_policies("deployer", "deployer-options", "deployer-gradual")
    statements = [one for document in policies.values() for one in document["Statement"]]
    assert not [one["Sid"] for one in statements if not {"Action", "Resource"} <= one.keys()]
    actions = {action for one in statements for action in listed(one["Action"])}
    assert not [action for action in actions if "*" in action]
    asked = [
        Asked(action, policies, None, resource, OF_ANOTHER if action.startswith(("iam:", "lambda:")) else {})
        for action in sorted(actions)
        for resource in foreign_resources(action)
    ]
    free = {one.action for one, allowed in zip(asked, evaluate(asked), strict=True) if allowed}
    assert {one for one in free if not any(fnmatchcase(one, name) for name in NAMED_BY_AWS)} == set()
    assert [name for name in NAMED_BY_AWS if not any(fnmatchcase(one, name) for one in free)] == []


@pytest.mark.parametrize("service", ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "cloudformation.amazonaws.com"])
def test_the_deployer_hands_the_functions_roles_to_lambda_alone(service: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/access-broker-dev-ProvisionRole-1A2B3C"
    policies = deployers_policies("deployer", "deployer-options")
    passing = [
        Asked("iam:PassRole", policies, None, role, {"iam:PassedToService": one})
        for one in (service, "lambda.amazonaws.com")
    ]
    assert evaluate(passing) == [False, True]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
