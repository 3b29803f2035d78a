"""Every term of a permit is on the page about the language, and is refused where it can never work."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.terms import KNOWN, TERMS
from policytool.mfa_age import KEY, OPERATOR, gateway_age, unproven_age
from policytool.unkeepable_terms import unkeepable_terms

PAGE = Path("docs/policy-language.md").read_text()
VALUES = {"max_duration": "1h", "approvals": "1", "reason": "required", "grant": "8h", "mfa": "15m"}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_page_on_the_language_has_every_annotation(name: str) -> None:
    assert f"| `@{name}(" in PAGE


@pytest.mark.parametrize("name", sorted(TERMS))
def test_a_term_on_a_forbid_is_told_to_the_author(name: str) -> None:
    text = f'@id("x") @{name}("{VALUES[name]}") forbid (principal, action, resource);'
    (policy,) = load_rules({"x.cedar": text}).policies.values()
    assert [term for term, _ in unkeepable_terms(policy)] == [name]


@pytest.mark.parametrize(
    ("written", "gateway", "fine"),
    [("15m", 900, True), ("15m", 901, False), ("15m", None, False), ("required", 3600, True), ("30s", 10, False)],
)
def test_a_rule_counts_on_no_younger_proof_than_the_gateway_asks_for(
    written: str, gateway: int | None, *, fine: bool
) -> None:
    text = f'@id("x") @mfa("{written}") permit (principal, action == Broker::Action::"Approve", resource);'
    (policy,) = load_rules({"x.cedar": text}).policies.values()
    age = None if gateway is None else timedelta(seconds=gateway)
    assert (list(unproven_age(policy, age)) == []) == fine


def test_the_age_is_read_from_the_resource_policy_of_the_api(tmp_path: Path) -> None:
    assert gateway_age(Path("policies")) == timedelta(hours=1)
    assert gateway_age(tmp_path) is None
    allowing = {"Effect": "Allow", "Condition": {OPERATOR: {KEY: "60"}}}
    (tmp_path / "api-gateway.json").write_text(json.dumps({"Statement": [allowing]}))
    assert gateway_age(tmp_path) is None


def test_seeing_a_role_takes_no_mfa() -> None:
    text = '@id("x") @mfa("required") permit (principal, action == Broker::Action::"SeeRole", resource);'
    (policy,) = load_rules({"x.cedar": text}).policies.values()
    assert [term for term, _ in unkeepable_terms(policy)] == ["mfa"]
