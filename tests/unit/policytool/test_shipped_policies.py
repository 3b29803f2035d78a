"""The shipped policy set: its cases pass, and every policy matters to at least one."""

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.domain.access import AccessRules, load_rules
from policytool.cases import Case, load_cases, run
from policytool.check import check
from policytool.source import read
from policytool.world import vocabulary

POLICIES = Path("policies")
CASES = load_cases(POLICIES / "access" / "cases", vocabulary(POLICIES))
RULES = load_rules(read(POLICIES / "access", "*.cedar"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_decided_as_it_says(case: Case) -> None:
    outcome = run(case, RULES)
    assert (outcome.decision, outcome.by) == (case.expect, case.by), outcome.words


def test_there_are_at_least_forty_cases() -> None:
    assert len(CASES) >= 40


def without(policy: str) -> AccessRules:
    left = {name: kept for name, kept in RULES.policies.items() if name != policy}
    general = tuple(name for name in RULES.general if name != policy)
    by_role = {name: tuple(one for one in ids if one != policy) for name, ids in RULES.by_role.items()}
    return replace(RULES, policies=left, general=general, by_role=by_role, _sets={})


@pytest.mark.parametrize("policy", sorted(RULES.policies))
def test_without_any_one_policy_some_case_fails(policy: str) -> None:
    assert any(not run(case, without(policy)).meets(case) for case in CASES)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("engineers.cedar", '"1h"', '"2m"'),
        ("engineers.cedar", '== "engineers"', '== "engineerz"'),
        ("contractors.cedar", '< duration("20h")', '<= duration("20h")'),
        ("contractors.cedar", '>= duration("6h")', '> duration("6h")'),
        ("production.cedar", '@approvals("1")', '@approvals("0")'),
        ("guardrails.cedar", '"ticket", ', '"tickets", '),
        ("on-call.cedar", '@reason("required")\n', ""),
    ],
)
def test_a_small_change_to_a_rule_that_matters_makes_a_case_fail(file: str, old: str, new: str) -> None:
    files = read(POLICIES / "access", "*.cedar")
    assert old in files[file]
    changed = load_rules({**files, file: files[file].replace(old, new)})
    assert any(not run(case, changed).meets(case) for case in CASES)


def test_the_shipped_set_has_no_error() -> None:
    assert [str(found) for found in check(POLICIES) if found.level == "error"] == []
