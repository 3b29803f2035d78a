"""What CloudFormation makes of the packaged template: one public stage, and nothing that the deployer may not make."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from samtranslator.translator.transform import transform

import lambda_package
from lambda_package import overlay

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_OURS = {
    "dynamodb:DeleteTable": "tables are retained",
    "ec2:DescribeNetworkInterfaces": "no function is in a VPC",
    "iam:DetachGroupPolicy": "the boundary is attached to nothing by the stack",
    "iam:DetachRolePolicy": "the functions' roles have inline policies only",
    "iam:DetachUserPolicy": "the boundary is attached to nothing by the stack",
    "kms:Decrypt": "only with a customer's key: policies/deployer-options.json",
    "logs:DeleteDataProtectionPolicy": "no log group has one",
}
"""What CloudFormation's handlers list for features that the stack does not use."""


class NoManagedPolicies:
    """The template names none of SAM's policies."""

    def load(self) -> dict[str, str]:
        """Names to ARNs."""
        return {}


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The resources after the SAM transform, those included that only a real account takes."""
    package = lambda_package.build("prod", tmp_path_factory.mktemp("package"), lambda_package.of_this_machine())
    overlay.add(package.template, Path(".chalice/resources-aws.json"))
    template = json.loads(package.template.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield transform(template, {}, NoManagedPolicies())["Resources"]


def of_kind(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values() if one["Type"] == kind]


def test_the_api_is_reached_by_one_stage_only_and_that_one_is_throttled(resources) -> None:
    """SAM's default adds a stage named Stage, which no throttle, alarm or metric of ours knows."""
    (deployment,) = of_kind(resources, "AWS::ApiGateway::Deployment")
    (stage,) = of_kind(resources, "AWS::ApiGateway::Stage")
    assert "StageName" not in deployment
    assert stage["StageName"] == "api"
    assert [one["ThrottlingRateLimit"] for one in stage["MethodSettings"]] == [200]


def test_the_deployer_may_read_and_delete_whatever_the_stack_makes(resources) -> None:
    """CloudFormation reads what it made: its handlers' permissions are in the resource types' schemas."""
    allowed = _deployers_actions()
    missing = {
        (kind, permission)
        for kind in {one["Type"] for one in resources.values()}
        for permission in _handled(kind, "read") | _handled(kind, "delete")
        if permission not in NOT_OURS and not any(fnmatchcase(permission, action) for action in allowed)
    }
    assert missing == set()


def _deployers_actions() -> list[str]:
    statements = json.loads(Path("policies/deployer.json").read_text())["Statement"]
    return [
        action
        for one in statements
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    ]


def _handled(kind: str, handler: str) -> set[str]:
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema.get("handlers", {})
    return set(handlers.get(handler, {}).get("permissions", []))
