"""The policies of .chalice/deployment-roles.json with the references filled in, as the evaluator takes them."""

from __future__ import annotations

from typing import Any

from policytool.deployment_roles import template
from tests.evaluator.stack import ACCOUNT, Stack

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/access-broker-functions"
CLOUDFORMATION = f"arn:aws:iam::{ACCOUNT}:role/access-broker-deployment/cloudformation"
GIVEN = {"OidcProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com", "Subject": "s"}

Document = dict[str, Any]


def filled(value: Any) -> Any:
    """The value with the references of this template filled in."""
    return Stack(
        template(), GIVEN | {"BucketName": "access-broker-b", "KeyId": "0a1b", "DomainName": "broker.example.com"}
    ).resolve(value)


def documents(*names: str) -> dict[str, Document]:
    resources = template()["Resources"]
    return {name: filled(resources[name]["Properties"]["PolicyDocument"]) for name in names}


def cloudformation() -> dict[str, Document]:
    return documents("CloudFormationPolicy1", "CloudFormationPolicy2", "CloudFormationPolicy3")


def deployer() -> dict[str, Document]:
    return {"deploy": filled(template()["Resources"]["Deployer"]["Properties"]["Policies"][0]["PolicyDocument"])}


def functions_boundary() -> Document:
    return documents("FunctionsBoundary")["FunctionsBoundary"]
