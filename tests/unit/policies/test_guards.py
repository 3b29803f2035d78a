"""The guard policies: made from the lists, deployed as reviewed, small enough for IAM, on every role."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.core.domain.iam_patterns import matches
from policytool.guard import folded, guards
from policytool.tiers import DEPLOYED

RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
LOGICAL = {"permissions": "GuardPermissions", "other-roles": "GuardOtherRoles"}


@pytest.mark.parametrize("name", LOGICAL)
def test_a_guard_is_made_from_the_lists_and_deployed_as_it_stands(name: str) -> None:
    reviewed = json.loads(Path(f"policies/guards/{name}.json").read_text())
    assert reviewed == guards()[name], "run python -m policytool.guard"
    assert RESOURCES[LOGICAL[name]]["Properties"]["PolicyDocument"] == reviewed
    assert RESOURCES[LOGICAL[name]]["Properties"]["Path"] == "/access-broker/"


@pytest.mark.parametrize("name", LOGICAL)
def test_a_guard_fits_into_a_managed_policy_and_denies_only(name: str) -> None:
    document = json.loads(Path(f"policies/guards/{name}.json").read_text())
    assert len(json.dumps(document, separators=(",", ":"))) < 6144
    assert {statement["Effect"] for statement in document["Statement"]} == {"Deny"}


def test_the_provisioner_is_told_of_every_guard() -> None:
    given = RESOURCES["Provision"]["Properties"]["Environment"]["Variables"]["BROKER_GUARD_ARNS"]
    assert given == {"Fn::Join": [",", [{"Ref": logical} for logical in DEPLOYED if logical.startswith("Guard")]]}


def test_folding_covers_every_wanted_action_and_no_other() -> None:
    known = ["s3:PutBucketPolicy", "s3:PutAccessPointPolicy", "s3:PutObject", "sqs:SendMessage", "sqs:AddPermission"]
    wanted = ["s3:PutBucketPolicy", "s3:PutAccessPointPolicy", "sqs:AddPermission"]
    patterns = folded(wanted, known)
    assert [action for action in known if any(matches(pattern, action) for pattern in patterns)] == wanted
    assert len(patterns) == 2
