"""Every term of a permit is on the page about the language, and is refused where it can never work."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.access.domain.rules import load_rules
from chalicelib.access.domain.terms import KNOWN, TERMS
from policytool.unkeepable_terms import unkeepable_terms

PAGE = Path("docs/policy-language.md").read_text()
VALUES = {"max_duration": "1h", "approvals": "1", "reason": "required", "grant": "8h"}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_page_on_the_language_has_every_annotation(name: str) -> None:
    assert f"| `@{name}(" in PAGE


@pytest.mark.parametrize("name", sorted(TERMS))
def test_a_term_on_a_forbid_is_told_to_the_author(name: str) -> None:
    text = f'@id("x") @{name}("{VALUES[name]}") forbid (principal, action, resource);'
    (policy,) = load_rules({"x.cedar": text}).policies.values()
    assert [term for term, _ in unkeepable_terms(policy)] == [name]
