"""The service control policies, judged: who may still do what the broker and its deployer need, and who may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluator import ACCOUNT, Asked, evaluate

FILES = sorted(Path("policies/organization").glob("*.json"))
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
WHO = {
    "admin": f"{ROLES}/Administrator",
    "deployer": f"{ROLES}/access-broker-deployment/cloudformation",
    "restorer": f"{ROLES}/Restorer",
    "audit function": f"{ROLES}/access-broker-prod-AuditRole-1A2B3C",
    "api function": f"{ROLES}/access-broker-prod-ApiHandlerRole-1A2B3C",
    "brokered": f"{ROLES}/access-broker/dynamodb-admin",
    "made by a brokered deployer": f"{ROLES}/access-broker-workloads/x-AuditRole-1",
}
LOG = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/access-broker-prod/audit"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/access-broker-prod"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:access-broker-prod-api"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/all"
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/access-broker-prod-TrailTrailEvent-1A2B"
EVERYTHING = {"all": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}

MAY = {
    ("logs:PutLogEvents", f"{LOG}:log-stream:x"): {"audit function", "restorer"},
    ("logs:PutRetentionPolicy", LOG): {"deployer"},
    ("logs:DeleteLogGroup", LOG): {"deployer"},
    ("logs:FilterLogEvents", LOG): set(WHO),
    ("logs:PutLogEvents", f"{LOG.replace('/access-broker-prod', '/orders')}:log-stream:x"): set(WHO),
    ("dynamodb:PutItem", TABLE): {"audit function", "api function", "restorer"},
    ("dynamodb:DeleteTable", TABLE): {"deployer", "restorer"},
    ("dynamodb:GetItem", TABLE): set(WHO) - {"made by a brokered deployer"},
    ("dynamodb:PutItem", TABLE.replace("access-broker-prod", "orders")): set(WHO),
    ("lambda:InvokeFunction", FUNCTION): {"audit function", "api function"},
    ("lambda:UpdateFunctionCode", FUNCTION): {"deployer"},
    ("lambda:InvokeFunction", FUNCTION.replace("access-broker-prod", "orders")): set(WHO),
    ("cloudtrail:StopLogging", TRAIL): {"deployer"},
    ("events:DisableRule", RULE): {"deployer"},
    ("events:DisableRule", RULE.replace("access-broker-prod", "orders")): set(WHO),
    ("sts:AssumeRole", f"{ROLES}/access-broker-workloads/x-AuditRole-1"): set(),
    ("sts:AssumeRole", f"{ROLES}/access-broker/dynamodb-admin"): set(WHO),
}
"""By call, who may under all policies; deployer and restorer stand where names are to be filled in."""


def control_policies() -> dict[str, dict[str, Any]]:
    names = {"DEPLOYS": "deployer", "RESTORES": "restorer", "OWNS-THE-TRAIL": "deployer"}
    texts = {file.stem: file.read_text() for file in FILES}
    for name, who in names.items():
        texts = {key: text.replace(f"REPLACE-WITH-WHO-{name}", WHO[who]) for key, text in texts.items()}
    return {key: json.loads(text) for key, text in texts.items()}


def test_each_call_is_left_to_those_who_need_it() -> None:
    policies = control_policies()
    asked = {
        (call, who): Asked(*(call[0], EVERYTHING, None, call[1]), {"aws:PrincipalArn": arn}, control_policies=policies)
        for call in MAY
        for who, arn in WHO.items()
    }
    allowed = dict(zip(asked, evaluate(list(asked.values())), strict=True))
    told = {call: {who for who in WHO if allowed[call, who]} for call in MAY}
    assert told == MAY


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_file_fits_and_only_denies(file: Path) -> None:
    """AWS Organizations: a service control policy has 5,120 characters at most."""
    document = json.loads(file.read_text())
    assert len(json.dumps(document, separators=(",", ":"))) < 5120
    assert {one["Effect"] for one in document["Statement"]} == {"Deny"}
    assert all("Condition" in one for one in document["Statement"])
