"""An independent evaluator of IAM policies (npm: @cloud-copilot/iam-simulate), for tests only."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests import npm

HERE = Path(__file__).parent
PLACE = npm.BUILD / HERE.name
ACCOUNT = "123456789012"
VALUES = {
    "${AWS::Partition}": "aws",
    "${AWS::AccountId}": ACCOUNT,
    "${AWS::Region}": "us-east-1",
    "${AWS::StackName}": "access-broker-dev",
}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a role session, and the policies that decide about it."""

    action: str
    policies: dict[str, Document]
    boundary: Document | None = None
    resource: str = "*"
    context: dict[str, str] = field(default_factory=dict)
    resource_policy: Document | None = None
    control_policies: dict[str, Document] = field(default_factory=dict)
    """Service control policies; the organisation's own one that allows everything is added."""
    principal: str = f"arn:aws:sts::{ACCOUNT}:assumed-role/tool/alice"

    def simulation(self) -> Document:
        """The request as the evaluator takes it."""
        boundary = [{"name": "boundary", "policy": self.boundary}] if self.boundary else None
        return {
            "request": {
                "principal": self.principal,
                "action": self.action,
                "resource": {"resource": self.resource, "accountId": ACCOUNT},
                "contextVariables": self.context,
            },
            "identityPolicies": [{"name": name, "policy": document} for name, document in self.policies.items()],
            "serviceControlPolicies": self._organization(),
            "resourceControlPolicies": [],
            **({"permissionBoundaryPolicies": boundary} if boundary else {}),
            **({"resourcePolicy": self.resource_policy} if self.resource_policy else {}),
        }

    def _organization(self) -> list[Document]:
        if not self.control_policies:
            return []
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        every = {"FullAWSAccess": everything, **self.control_policies}
        return [{"orgIdentifier": "r-1", "policies": [{"name": name, "policy": one} for name, one in every.items()]}]


def installed() -> Path:
    """The evaluator; skips where node or npm is missing."""
    place = npm.installed(HERE, "node")
    shutil.copy(HERE / "evaluate.mjs", place)
    return place / "evaluate.mjs"


@cache
def started() -> subprocess.Popen[str]:
    """One evaluator for all tests of this process: it starts slowly. It ends when this process ends."""
    return subprocess.Popen(["node", str(installed())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def evaluate(asked: list[Asked]) -> list[bool]:
    """Whether each request is allowed."""
    node = started()
    assert node.stdin
    assert node.stdout
    node.stdin.write(json.dumps([one.simulation() for one in asked]) + "\n")
    node.stdin.flush()
    told = node.stdout.readline()
    assert told, "the evaluator ended: its error is on standard error"
    answers = json.loads(told)
    wrong = [(one.action, answer["error"]) for one, answer in zip(asked, answers, strict=True) if answer["error"]]
    assert not wrong, wrong[:5]
    return [bool(answer["allowed"]) for answer in answers]


def resolved(document: Any, **other: str) -> Any:
    """A policy of this repository with CloudFormation's functions replaced by the values of a stack, or other ones."""
    values = {**VALUES, **other}
    if isinstance(document, dict):
        if set(document) == {"Fn::Sub"}:
            return resolved(document["Fn::Sub"], **other)
        if document == {"Ref": "AWS::StackName"}:
            return values["${AWS::StackName}"]
        return {key: resolved(value, **other) for key, value in document.items()}
    if isinstance(document, list):
        return [resolved(one, **other) for one in document]
    if isinstance(document, str):
        for name, value in values.items():
            document = document.replace(name, value)
    return document
