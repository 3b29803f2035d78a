"""Evidence: an event keeps what the rules looked at, no more than that, and never without limit."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from chalicelib.access.domain.admission import MAX_CHARACTERS, Evidence, admit
from chalicelib.access.domain.rule_files import compile_rules, load_compiled, load_rules
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import NotFound, Refused
from chalicelib.core.domain.roles import Role

TEAM = """@id("team") permit (principal, action, resource) when {
    principal.hasTag("team") && principal.getTag("team") == resource.getTag("owner") };"""
COMPUTED = """@id("any") permit (principal, action, resource) when {
    resource.hasTag("key") && principal.hasTag(resource.getTag("key")) };"""


def ask(**tags: str) -> Ask:
    caller = Caller("user", "alice", "arn:aws:iam::123456789012:user/alice", "123456789012", "AIDA1", ("a", "b"), tags)
    role = Role("web", "arn:aws:iam::123456789012:role/access-broker/web", tags={"owner": "web"})
    return Ask("TakeCredentials", caller, role, datetime(2026, 11, 23, 12, tzinfo=UTC), "203.0.113.7")


def refused(asked: Ask) -> Evidence:
    seen = Evidence(asked)
    seen.refused_by(Refused("no"))
    return seen


def test_the_callers_tags_are_kept_that_the_rules_read_and_the_absence_of_one_too() -> None:
    rules = load_rules({"a.cedar": TEAM})
    caller = refused(ask(team="web", shoe="42")).told(rules)["caller"]
    assert (caller["tags"], caller["all_tags"]) == ({"team": "web"}, False)
    assert refused(ask(shoe="42")).told(rules)["caller"]["tags"] == {"team": None}


def test_every_tag_is_kept_where_a_rule_computes_the_name() -> None:
    caller = refused(ask(team="web", shoe="42")).told(load_rules({"a.cedar": COMPUTED}))["caller"]
    assert (caller["tags"], caller["all_tags"]) == ({"team": "web", "shoe": "42"}, True)


@pytest.mark.parametrize("text", [TEAM, COMPUTED])
def test_the_package_carries_which_tags_those_are(text: str) -> None:
    files = {"a.cedar": text}
    assert load_compiled(compile_rules(files), files).caller_tags == load_rules(files).caller_tags


def test_every_member_of_an_ask_is_kept() -> None:
    told = refused(ask()).told(load_rules({"a.cedar": TEAM}))
    assert {field.name for field in dataclasses.fields(Ask)} <= told.keys()
    assert told["role"]["tags"] == {"owner": "web"}


def test_too_much_is_left_out_and_said_so() -> None:
    told = refused(ask(team="é" * MAX_CHARACTERS)).told(load_rules({"a.cedar": TEAM}))
    assert told == {"action": "TakeCredentials", "outcome": "not_allowed", "cut": True}
    assert len(json.dumps(told)) < 100


def test_as_much_as_fits_is_kept_whole() -> None:
    rules = load_rules({"a.cedar": TEAM})
    room = MAX_CHARACTERS - len(json.dumps(refused(ask(team="")).told(rules)))
    assert len(json.dumps(refused(ask(team="x" * room)).told(rules))) == MAX_CHARACTERS
    assert refused(ask(team="x" * (room + 1))).told(rules)["cut"] is True


def test_there_is_none_before_the_rules_have_spoken() -> None:
    assert Evidence(ask()).told(load_rules({"a.cedar": TEAM})) == {}


def test_there_is_none_where_there_is_no_such_role() -> None:
    seen = Evidence()
    seen.refused_by(NotFound("There is no role web."))
    assert seen.told(load_rules({"a.cedar": TEAM})) == {}


def test_a_request_for_another_person_that_begins_later_says_so() -> None:
    rules = load_rules({"a.cedar": TEAM})
    filed = refused(ask())
    filed.for_other, filed.start = True, datetime(2026, 11, 24, 9, tzinfo=UTC)
    told = filed.told(rules)
    assert (told["for_other"], told["start"]) == (True, "2026-11-24T09:00:00.000Z")
    assert {"for_other", "start"}.isdisjoint(refused(ask()).told(rules))


@pytest.mark.parametrize(("term", "mfa"), [('@mfa("required")', {"mfa": True}), ("", {})])
def test_the_terms_say_that_mfa_was_asked_for(term: str, mfa: dict[str, bool]) -> None:
    rules = load_rules({"a.cedar": f'@id("x") {term} permit (principal, action, resource);'})
    asked = dataclasses.replace(ask(), mfa=True)
    seen = Evidence(asked)
    seen.allowed_by(admit(rules, asked).door)
    assert seen.told(rules)["terms"] == {"policy": "x", "approvals": 0, "reason": False, **mfa}


def test_a_role_of_the_brokers_own_account_has_no_home() -> None:
    assert "home" not in refused(ask()).told(load_rules({"a.cedar": TEAM}))["role"]
