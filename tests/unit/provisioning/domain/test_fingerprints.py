"""A role changed by hand is told from one that is as it was applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.provisioning.domain.fingerprints import drift, fingerprint
from chalicelib.provisioning.domain.role_state import DENY_ALL, QUARANTINE_POLICY, RoleState
from chalicelib.sessions.domain.revocation import Cutoff, RoleRevocations
from chalicelib.sessions.domain.revocation_policy import POLICY_NAME, policy_document
from tests.wording import names

ALLOW = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/api"}, "Action": ["sts:AssumeRole"]}
TRUST = {"Version": "2012-10-17", "Statement": [ALLOW]}
STATE = RoleState("d", 3600, TRUST, "boundary", ("b", "a"), {"own": DENY_ALL}, {"team": "web"})

CHANGED = {
    "trust": replace(STATE, trust={**TRUST, "Statement": [{**ALLOW, "Principal": {"AWS": "*"}}]}),
    "boundary": replace(STATE, boundary_arn=""),
    "policies": replace(STATE, managed_policies=("a",)),
    "tags": replace(STATE, tags={"team": "web", "by": "hand"}),
}


@pytest.mark.parametrize("part", CHANGED)
def test_each_part_that_was_changed_by_hand_is_named(part: str) -> None:
    told = drift(fingerprint(STATE), fingerprint(CHANGED[part]))
    assert [one for one in CHANGED if names(told, one)] == [part]


def test_an_inline_policy_changed_by_hand_is_named() -> None:
    changed = replace(STATE, inline_policies={"own": {**DENY_ALL, "Statement": []}})
    assert drift(fingerprint(STATE), fingerprint(changed)).startswith("policies")


def test_what_means_the_same_is_no_drift_nor_is_the_brokers_own_doing() -> None:
    cutoff = Cutoff(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    revocations = policy_document(RoleRevocations("r", everyone=cutoff))
    same = replace(
        STATE,
        description="another",
        trust={"Statement": {**ALLOW, "Action": "sts:AssumeRole"}, "Version": "2012-10-17"},
        managed_policies=("a", "b"),
        inline_policies={"own": DENY_ALL, QUARANTINE_POLICY: DENY_ALL, POLICY_NAME: revocations},
    )
    assert drift(fingerprint(STATE), fingerprint(same)) == ""


def test_a_role_of_which_nobody_kept_what_was_applied_does_not_count_as_drifted() -> None:
    assert drift({}, fingerprint(STATE)) == ""
