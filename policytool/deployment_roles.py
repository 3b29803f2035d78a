"""Writes .chalice/deployment-roles.json: what an administrator deploys once, before the first `make deploy`.

A CI job becomes the deployer by OIDC. It may upload packages, and drive the stacks
of the broker with one role for CloudFormation; that role has policies/deployer.json,
and makes roles only with the boundary of the functions.
Run as `python -m policytool.deployment_roles` after a change of policies/deployer*.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(".chalice/deployment-roles.json")
POLICIES = Path("policies")
FUNCTIONS = "functions-boundary.json"
OF_THE_DEPLOYER = ("UploadThePackage", "DriveTheStack", "SignTheCode")
BOUNDED = ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary")
"""Calls on a role that AWS lets a policy bind to the role's boundary, and that give permissions."""

PATH = "/access-broker-deployment/"
BOUNDARY = {"Ref": "FunctionsBoundary"}

Document = dict[str, Any]


def template() -> Document:
    """The CloudFormation template."""
    about = (POLICIES / "deployment-roles.json").read_text()
    document: Document = json.loads(about)
    own, cloudformation = _statements()
    resources = document["Resources"]
    resources["FunctionsBoundary"]["Properties"]["PolicyDocument"] = _substituted(
        json.loads((POLICIES / FUNCTIONS).read_text())
    )
    resources["Deployer"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][:0] = own
    for number, statements in enumerate(cloudformation):
        resources[f"CloudFormationPolicy{number + 1}"] = _managed(statements)
    named = [{"Ref": f"CloudFormationPolicy{number + 1}"} for number in range(len(cloudformation))]
    resources["CloudFormation"]["Properties"]["ManagedPolicyArns"] = named
    return document


def _statements() -> tuple[list[Document], list[list[Document]]]:
    """Statements for the deployer itself, and those of each file that are for CloudFormation."""
    own: list[Document] = []
    rest: list[list[Document]] = []
    for file in ("deployer.json", "deployer-options.json", "deployer-gradual.json"):
        statements = [_substituted(one) for one in json.loads((POLICIES / file).read_text())["Statement"]]
        own += [one for one in statements if one["Sid"] in OF_THE_DEPLOYER]
        rest.append([part for one in statements if one["Sid"] not in OF_THE_DEPLOYER for part in _bounded(one)])
    rest[0].append(
        {
            "Sid": "ReadThePackage",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::access-broker-*/*"},
        }
    )
    return own, rest


def _bounded(statement: Document) -> list[Document]:
    """The statement in two where it gives permissions to roles: those only with the functions' boundary."""
    actions = _listed(statement["Action"])
    giving = [action for action in actions if action in BOUNDED]
    if not giving:
        return [statement]
    conditions = statement.get("Condition", {})
    equal = {**conditions.get("ArnEquals", {}), "iam:PermissionsBoundary": BOUNDARY}
    bound = {**statement, "Sid": f"{statement['Sid']}WithTheBoundary", "Action": giving}
    bound["Condition"] = {**conditions, "ArnEquals": equal}
    left = [action for action in actions if action not in BOUNDED]
    return [bound, {**statement, "Action": left}] if left else [bound]


def _managed(statements: list[Document]) -> Document:
    never = {
        "Sid": "NeverTheRolesThatDeploy",
        "Effect": "Deny",
        "Action": "iam:*",
        "Resource": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role{PATH}*"},
    }
    document = {"Version": "2012-10-17", "Statement": [*statements, never]}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Path": PATH, "PolicyDocument": document}}


def _substituted(value: Any) -> Any:
    """ARNs in the partition of the stack; the key and the domain, where one was named."""
    if isinstance(value, dict):
        return {name: _substituted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_substituted(one) for one in value]
    if not (isinstance(value, str) and value.startswith("arn:aws:")):
        return value
    if value.endswith("REPLACE-WITH-YOUR-KEY"):
        return {"Fn::Sub": "arn:${AWS::Partition}:kms:*:${AWS::AccountId}:key/${KeyId}"}
    text = value.replace("arn:aws:", "arn:${AWS::Partition}:", 1)
    return {"Fn::Sub": text.replace("REPLACE-WITH-YOUR-DOMAIN", "${DomainName}")}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    FILE.write_text(json.dumps(template(), indent=1) + "\n")
