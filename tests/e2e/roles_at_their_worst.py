"""What an attacker asks of a brokered role, and every policy on that role: requests for the independent evaluator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.provisioning.domain.escalation import load_paths
from chalicelib.provisioning.domain.templates import UnsafeTemplate
from chalicelib.provisioning.domain.tiers import BOUNDARIES, load_tiers
from chalicelib.provisioning.services.compile import GUARDS
from tests.evaluator import Asked, resolved

if TYPE_CHECKING:
    from chalicelib.core.domain.roles import Tier

POLICIES = Path("policies")
RULES = load_tiers(
    *((POLICIES / f"{name}.json").read_text() for name in ("tiers", "service-authorization", "reviewed-actions")),
    *((POLICIES / f"{name}.json").read_text() for name in BOUNDARIES.values()),
)
CLASSES = RULES["workload"].classes
PATHS = load_paths((POLICIES / "escalation.json").read_text())
BOUNDARY = "arn:aws:iam::123456789012:policy/access-broker/access-broker-dev-boundary"
OF_WORKLOADS = f"{BOUNDARY}-workloads"
"""The boundary of roles that deployers make."""

HAS_A_ROLE = {"ec2:InstanceProfile": "arn:aws:iam::123456789012:instance-profile/app"}
FOR_A_PERSON = {"kms:GrantIsForAWSResource": "false"}
INSTANCE = "arn:aws:ec2:us-east-1:123456789012:instance/i-1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}
    ],
}
"""The default policy of a key: the account's own policies decide."""

ADMINISTRATOR = "arn:aws:iam::123456789012:role/Administrator"
OWN = "arn:aws:iam::123456789012:role/access-broker-workloads/app"

GOT_THROUGH = {
    "codebuild-sandbox": ("codebuild:StartSandbox", "codebuild:StartCommandExecution"),
    "glue-trigger": ("glue:CreateTrigger", "glue:StartTrigger"),
    "glue-statement": ("glue:RunStatement",),
    "ssm-document": ("ssm:UpdateDocument",),
    "ssm-resume": ("ssm:ResumeSession",),
    "ssm-maintenance": ("ssm:RegisterTaskWithMaintenanceWindow",),
    "sagemaker-lifecycle": ("sagemaker:UpdateNotebookInstanceLifecycleConfig",),
    "athena-spark": ("athena:StartSession", "athena:StartCalculationExecution"),
    "emr-containers": ("emr-containers:StartJobRun",),
    "emr-credentials": ("elasticmapreduce:GetClusterSessionCredentials",),
    "eks-access": ("eks:CreateAccessEntry", "eks:AssociateAccessPolicy"),
    "service-catalog": ("servicecatalog:ProvisionProduct",),
    "amplify": ("amplify:StartJob",),
    "roles-anywhere": ("rolesanywhere:CreateTrustAnchor",),
    "iot-certificate": ("iot:CreateKeysAndCertificate",),
    "cognito-pool": ("cognito-identity:UpdateIdentityPool",),
    "datazone": ("datazone:GetEnvironmentCredentials",),
    "ec2-user-data": ("ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),
    "ec2-root-volume": ("ec2:CreateReplaceRootVolumeTask",),
    "ec2-volumes": ("ec2:DetachVolume", "ec2:AttachVolume"),
}
"""Lists of actions that an attacker brought past the list of known bad actions (issue of the second round)."""

EVERY = {path.name: path.actions for path in PATHS.paths} | GOT_THROUGH


def allow(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def not_action(*actions: str) -> dict[str, Any]:
    spared = "s3:*" if not any(action.startswith("s3:") for action in actions) else "sqs:*"
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": [spared], "Resource": "*"}]}


SPELLINGS = {
    "named": allow,
    "service": lambda *actions: allow(*{f"{action.split(':')[0]}:*" for action in actions}),
    "question mark": lambda *actions: allow(*(action[:-1] + "?" for action in actions)),
    "letter case": lambda *actions: allow(*(action.swapcase() for action in actions)),
    "everything": lambda *_actions: allow("*"),
    "NotAction": not_action,
}


def boundary(tier: Tier) -> Any:
    return deployed(BOUNDARIES[tier])


def deployed(name: str) -> Any:
    text = json.dumps(resolved(json.loads((POLICIES / f"{name}.json").read_text())))
    return json.loads(text.replace('{"Ref": "BoundaryWorkloads"}', f'"{OF_WORKLOADS}"'))


def policies(tier: Tier, document: dict[str, Any]) -> dict[str, Any]:
    guards = {name: json.loads((POLICIES / "guards" / f"{name}.json").read_text()) for name in GUARDS[tier]}
    return {"inline": document, **guards}


def refused(tier: Tier, document: dict[str, Any]) -> bool:
    """Whether a template of this tier with this inline policy is refused."""
    try:
        RULES[tier].check(PATHS, {"inline_policy": document})
    except UnsafeTemplate:
        return True
    return False


def request(action: str, document: dict[str, Any], tier: Tier = "workload") -> Asked:
    """A session of a role with this inline policy, its guards and its boundary, at its worst."""
    spelled, given, limit = CLASSES.known[action.lower()], policies(tier, document), boundary(tier)
    if spelled in CLASSES.on_instances:
        return Asked(spelled, given, limit, INSTANCE, HAS_A_ROLE)
    if spelled in CLASSES.unless_for_an_aws_service:
        return Asked(spelled, given, limit, KEY, FOR_A_PERSON, KEY_POLICY)
    return Asked(spelled, given, limit)


def by_design(tier: Tier, name: str) -> bool:
    listed = [path for path in PATHS.paths if path.name == name]
    if listed:
        return bool(RULES[tier].by_design(listed[0]))
    return any(action.lower() in RULES[tier].opens for action in GOT_THROUGH[name])
