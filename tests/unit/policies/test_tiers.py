"""Boundary tiers: made from the lists, deployed as reviewed, named by every template, seen by the access rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.access.domain.cedar_documents import entities_document
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.iam_patterns import matches
from chalicelib.core.domain.roles import TIERS, boundaries_of, boundary_of
from policytool.tiers import CHANGES, DEPLOYED, boundaries, tier_guards
from tests.evaluator import resolved
from tests.fakes.core import ALICE, EC2, NOW
from tests.fakes.provisioning import CLASSES
from tests.fakes.provisioning import TIERS as RULES

POLICIES = Path("policies")
RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
WORKLOAD = "arn:aws:iam::123456789012:policy/access-broker/access-broker-dev-boundary"


def test_the_policies_of_the_tiers_are_made_from_the_lists() -> None:
    made = {**boundaries(), **tier_guards()}
    assert len(made) == 5
    for name, document in made.items():
        assert json.loads((POLICIES / f"{name}.json").read_text()) == document, (
            f"{name}: run python -m policytool.tiers"
        )


@pytest.mark.parametrize("logical", DEPLOYED)
def test_a_policy_deploys_as_reviewed_and_fits_into_a_managed_policy(logical: str) -> None:
    reviewed = json.loads((POLICIES / f"{DEPLOYED[logical]}.json").read_text())
    assert RESOURCES[logical]["Properties"]["PolicyDocument"] == reviewed
    longest = {"${AWS::Partition}": "aws-us-gov", "${AWS::StackName}": "access-broker-production"}
    assert len(json.dumps(resolved(reviewed, **longest), separators=(",", ":"))) < 6144


def test_the_names_of_the_deployed_boundaries_are_those_that_the_code_derives() -> None:
    own = [one for one in DEPLOYED if one.startswith("Boundary") and one != "BoundaryWorkloads"]
    names = [resolved(RESOURCES[one]["Properties"]["ManagedPolicyName"]) for one in own]
    assert {f"arn:aws:iam::123456789012:policy/access-broker/{name}" for name in names} == boundaries_of(WORKLOAD)
    assert boundary_of("workload", WORKLOAD) == WORKLOAD


def test_the_deployers_boundary_denies_every_action_of_iam_but_reads_outside_the_path() -> None:
    names = [action for action in CLASSES.known.values() if action.startswith("iam:")]
    left = {action for action in names if not any(matches(pattern, action) for pattern in CHANGES)}
    assert all(action.startswith(("iam:Generate", "iam:Get", "iam:List", "iam:Simulate")) for action in left)
    assert not [action for action in names if action.startswith("iam:Get") and action not in left]


def test_every_action_that_a_tier_opens_exists_and_has_a_reason() -> None:
    for tier in TIERS[1:]:
        opens = RULES[tier].opens
        assert all(opens.values())
        assert not [action for action in opens if action not in CLASSES.known]


def test_an_operator_has_no_identity_and_a_deployer_no_session_on_instances() -> None:
    assert not [action for action in RULES["operator"].opens if action.startswith(("iam:", "sts:"))]
    assert not [action for action in RULES["deployer"].opens if action.startswith(("ssm:", "ec2-instance-connect:"))]


def test_the_access_rules_see_the_tier_of_a_role() -> None:
    _, role, *_ = json.loads(entities_document(Ask("TakeCredentials", ALICE, EC2, NOW)))
    assert role["attrs"]["tier"] == "workload"
