"""Compiled access policies say what their texts say, and only while the texts are the same."""

from __future__ import annotations

import pytest

from chalicelib.access.domain.rule_files import compile_rules, load_compiled, load_rules
from tests.wording import naming

TEXTS = {
    "people.cedar": """
        @id("readers") @max_duration("1h")
        permit (principal in Broker::Group::"readers", action == Broker::Action::"TakeCredentials", resource)
        when { resource.hasTag("audience") && context.source_ip.isInRange(ip("10.0.0.0/8")) };
    """,
    "roles.cedar": """
        @id("one-role") @approvals("2") @reason("required")
        permit (principal, action, resource == Broker::Role::"one");
    """,
}


def test_compiled_policies_are_the_rules_of_their_texts() -> None:
    assert load_compiled(compile_rules(TEXTS), TEXTS) == load_rules(TEXTS)


def test_compiled_policies_are_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile_rules(TEXTS)
    monkeypatch.delattr("chalicelib.access.domain.rule_files.cedarpy.policies_to_json_str")
    assert load_compiled(compiled, TEXTS).policies.keys() == {"readers", "one-role"}


def test_policies_compiled_from_other_texts_do_not_count() -> None:
    stricter = TEXTS | {"people.cedar": TEXTS["people.cedar"].replace("10.0.0.0/8", "10.1.0.0/16")}
    assert load_compiled(compile_rules(TEXTS), stricter) == load_rules(stricter)


def test_what_cannot_be_loaded_cannot_be_compiled() -> None:
    with pytest.raises(ValueError, match=naming("unnamed.cedar", "@id")):
        compile_rules({"unnamed.cedar": "permit (principal, action, resource);"})
