"""The shipped policy set: its cases pass, and every part of every policy matters to at least one."""

from functools import cache
from pathlib import Path

import pytest

from chalicelib.access.domain.rule_files import load_rules
from policytool.case_files import Case, load_cases
from policytool.cases import run
from policytool.check import check
from policytool.known_entities import vocabulary
from policytool.source import read
from tests.unit.policytool.policy_mutants import Mutant, mutants

POLICIES = Path("policies")
KNOWN = vocabulary(POLICIES)
CASES = load_cases(POLICIES / "access" / "cases", KNOWN)
FILES = read(POLICIES / "access", "*.cedar")
RULES = load_rules(FILES)

AN_HOUR_ANYWAY = "an hour is AWS's own limit and the broker's where no rule says less"
EQUIVALENT = {
    "auditors-read-only-roles: without @max_duration": AN_HOUR_ANYWAY,
    "engineers-standing: without @max_duration": AN_HOUR_ANYWAY,
    "identity-center-engineers: without @max_duration": AN_HOUR_ANYWAY,
    "own-team: without @max_duration": AN_HOUR_ANYWAY,
    "on-call-production-read: without @max_duration": AN_HOUR_ANYWAY,
    "on-call-break-glass: without @max_duration": AN_HOUR_ANYWAY,
    "production-with-approval: without @max_duration": AN_HOUR_ANYWAY,
    "suspended-callers-get-nothing: without SeeRole": "its condition leaves SeeRole out as well",
}
"""Edits that change nothing, each with its reason."""


@cache
def small_edits() -> list[Mutant]:
    """Made when a test asks: every process of a run collects this file."""
    return list(mutants(FILES, sorted(KNOWN.actions)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_decided_as_it_says(case: Case) -> None:
    outcome = run(case, RULES)
    assert outcome.meets(case), outcome


def test_there_are_at_least_forty_cases() -> None:
    assert len(CASES) >= 40


def test_every_small_edit_of_a_policy_makes_a_case_fail_or_changes_nothing() -> None:
    assert {mutant.name for mutant in small_edits() if _passes_everywhere(mutant)} == set(EQUIVALENT)


def test_the_edits_reach_every_policy_and_every_kind_of_part() -> None:
    made = [mutant.name.partition(": ") for mutant in small_edits()]
    assert {policy for policy, _, words in made if words == "removed"} == set(RULES.policies)
    for kind in ("any principal", "without RequestAccess", "without @grant", '@approvals("2")', "without when"):
        assert kind in {words for _, _, words in made}


def _passes_everywhere(mutant: Mutant) -> bool:
    policy = mutant.name.partition(": ")[0]
    likely_first = sorted(CASES, key=lambda case: policy not in case.by)
    return all(run(case, mutant.rules).meets(case) for case in likely_first)


def test_the_shipped_set_has_no_error() -> None:
    assert [str(found) for found in check(POLICIES) if found.level == "error"] == []
