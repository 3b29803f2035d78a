"""What a brokered role can do, judged by an evaluator that is not ours, with every policy on the role."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chalicelib.provisioning.domain.action_classes import CHANGES_PERMISSIONS, load_classes
from chalicelib.provisioning.domain.escalation import load_paths
from chalicelib.provisioning.domain.templates import UnsafeTemplate
from tests.evaluator import Asked, evaluate, resolved

POLICIES = Path("policies")
CLASSES = load_classes(
    (POLICIES / "service-authorization.json").read_text(), (POLICIES / "reviewed-actions.json").read_text()
)
PATHS = load_paths((POLICIES / "escalation.json").read_text())
BOUNDARY = resolved(json.loads((POLICIES / "boundary.json").read_text()))
GUARDS = {file.stem: json.loads(file.read_text()) for file in sorted((POLICIES / "guards").glob("*.json"))}
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


def refused(document: dict[str, Any]) -> bool:
    """Whether a template with this inline policy is refused."""
    try:
        PATHS.check({"inline_policy": document})
        CLASSES.check({"inline_policy": document})
    except UnsafeTemplate:
        return True
    return False


def request(action: str, document: dict[str, Any]) -> Asked:
    """A session of a role with this inline policy, its guards and its boundary, at its worst."""
    spelled = CLASSES.known[action.lower()]
    policies = {"inline": document, **GUARDS}
    if spelled in CLASSES.on_instances:
        return Asked(spelled, policies, BOUNDARY, INSTANCE, HAS_A_ROLE)
    if spelled in CLASSES.unless_for_an_aws_service:
        return Asked(spelled, policies, BOUNDARY, KEY, FOR_A_PERSON, KEY_POLICY)
    return Asked(spelled, policies, BOUNDARY)


def paths() -> dict[str, tuple[str, ...]]:
    listed = {path.name: path.actions for path in PATHS.paths}
    return {**listed, **GOT_THROUGH}


@pytest.fixture(scope="module")
def verdicts() -> dict[tuple[str, str], str]:
    """For each path and spelling: refused at apply, bounded by the evaluator's word, or open."""
    told: dict[tuple[str, str], str] = {}
    left: list[tuple[tuple[str, str], list[Asked]]] = []
    for name, actions in paths().items():
        for spelling, write in SPELLINGS.items():
            document = write(*actions)
            if refused(document):
                told[name, spelling] = "refused"
            else:
                left.append(((name, spelling), [request(a, document) for a in actions if a.lower() in CLASSES.known]))
    allowed = iter(evaluate([one for _, asked in left for one in asked]))
    for key, asked in left:
        open_actions = [next(allowed) for _ in asked]
        told[key] = "open" if open_actions and all(open_actions) else "bounded"
    return told


def test_no_published_path_and_none_that_got_through_is_open_in_any_spelling(verdicts) -> None:
    assert not [key for key, verdict in verdicts.items() if verdict == "open"]
    assert len(verdicts) == len(paths()) * len(SPELLINGS)


def test_every_action_that_the_judge_refuses_is_denied_on_a_role_that_allows_everything() -> None:
    document = allow("*")
    asked = [request(action, document) for action in CLASSES.refused]
    allowed = evaluate(asked)
    assert not [one.action for one, open_ in zip(asked, allowed, strict=True) if open_]


def test_the_guards_deny_nothing_but_what_the_judge_refuses() -> None:
    """Patterns are folded: each action of AWS's data that they deny has a reason of its own."""
    plain = {name: {**document, "Statement": document["Statement"][:1]} for name, document in GUARDS.items()}
    others = [action for action in CLASSES.known.values() if action not in CLASSES.refused]
    document = allow("*")
    allowed = evaluate([Asked(action, {"inline": document, **plain}) for action in others])
    assert not [action for action, open_ in zip(others, allowed, strict=True) if not open_]


def test_an_instance_without_a_role_and_a_grant_for_an_aws_service_stay_possible() -> None:
    policies = {"inline": allow("*"), **GUARDS}
    asked = [
        Asked("ec2:ModifyInstanceAttribute", policies, BOUNDARY, INSTANCE),
        Asked("kms:CreateGrant", policies, BOUNDARY, KEY, {"kms:GrantIsForAWSResource": "true"}, KEY_POLICY),
    ]
    assert evaluate(asked) == [True, True]


def test_the_page_says_how_many_actions_and_paths_are_refused_or_bounded(verdicts) -> None:
    page = Path("docs/provisioning.md").read_text()
    reasons = Counter(CLASSES.refused.get(action, "may be named") for action in CLASSES.known.values())
    changing, free = reasons[CHANGES_PERMISSIONS], reasons["may be named"]
    other = len(CLASSES.known) - changing - free
    judged = Counter(verdicts.values())
    for row in (
        f"| may be named | {free:,} |",
        f"| change permissions: refused | {changing} |",
        f"| act as another role: refused | {other} |",
        f"{judged['refused']} are refused, {judged['bounded']} bounded, none is",
    ):
        assert row in page, row
