"""Replay: exactly what changes is told, for any rules; the same rules change nothing."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.month import START, month
from chalicelib.access.domain.admission import Evidence
from chalicelib.access.domain.policies import tags_read
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask, Door
from chalicelib.access.domain.terms import Terms
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import Account, Role
from chalicelib.insight.domain.alike import alike
from chalicelib.insight.domain.changes import Changes, change
from chalicelib.insight.domain.recorded import NOT_REPLAYED, NotReplayed, recorded
from chalicelib.insight.domain.replay import Outcome, Replayer, decide, then
from policytool.source import read
from tests.unit.insight.brute_force import WholeSet
from tests.unit.policytool.policy_mutants import mutants

if TYPE_CHECKING:
    from chalicelib.access.domain.rules import AccessRules

FILES = read(Path("policies/access"), "*.cedar")
RULES = load_rules(FILES)
DECISIONS = 1500
ACTIONS = ["TakeCredentials", "OpenConsole", "RequestAccess", "BreakGlass", "SeeRole"]


@cache
def decided() -> list[str]:
    """A month of decisions. Made when a test needs it: every worker collects this file, and one runs it."""
    return [one.line for one in month(RULES, DECISIONS, 120)]


def edited(name: str, old: str, new: str) -> dict[str, str]:
    assert FILES[name].count(old) >= 1, old
    return {**FILES, name: FILES[name].replace(old, new, 1)}


EDITS = {
    "a group removed": edited("on-call.cedar", 'Broker::Group::"on-call"', 'Broker::Group::"nobody"'),
    "a term tightened": edited("engineers.cedar", '@max_duration("1h")', '@max_duration("30m") @reason("required")'),
    "a permit widened": edited(
        "auditors.cedar",
        'when { resource.hasTag("access-broker:level") && resource.getTag("access-broker:level") == "read" };',
        ";",
    ),
}


@cache
def replayed(edit: str) -> tuple[Changes, dict[str, tuple[str, str]]]:
    """An edit's effects: each decision that changes is named by the id of its event."""
    changes = Changes(Replayer(load_rules(EDITS[edit])))
    return changes, {one.id: (was.word, now.word) for one, was, now in changes.changed_decisions(decided())}


def by_brute_force(files: dict[str, str]) -> dict[str, tuple[str, str]]:
    whole, changed = WholeSet(list(files.values())), {}
    for line in decided():
        event = json.loads(line)
        was, now = event["decision"]["outcome"], whole.outcome(event)
        if was != now and change(Outcome(was), Outcome(now)):
            changed[event["id"]] = (was, now)
    return changed


@pytest.mark.parametrize("edit", EDITS)
def test_exactly_the_decisions_are_named_that_another_evaluation_says_change(edit: str) -> None:
    told = {name: words for name, words in replayed(edit)[1].items() if words[0] != words[1]}
    assert told == by_brute_force(EDITS[edit])
    assert told


def test_the_other_evaluation_agrees_with_what_was_recorded() -> None:
    assert by_brute_force(FILES) == {}


def test_the_same_policies_change_nothing() -> None:
    changes = Changes(Replayer(RULES))
    changes.take(decided())
    assert (changes.changed, changes.replayed, changes.not_replayed) == (0, DECISIONS, {})


@cache
def all_mutants() -> dict[str, AccessRules]:
    return {mutant.name: mutant.rules for mutant in mutants(FILES, ACTIONS)}


NAMES = st.deferred(lambda: st.sampled_from(sorted(all_mutants())))


@settings(max_examples=25, deadline=None)
@given(NAMES, st.integers(0, 2**32))
def test_the_same_policies_change_nothing_whatever_they_say(mutant: str, seed: int) -> None:
    rules = complete(all_mutants()[mutant])
    lines = [one.line for one in month(rules, 12, 12, seed)]
    changes = Changes(Replayer(rules))
    changes.take(lines)
    assert (changes.changed, changes.replayed) == (0, len(lines)), changes.document()


@settings(max_examples=40, deadline=None)
@given(NAMES, st.integers(0, DECISIONS - 100))
def test_what_no_rule_can_tell_apart_is_decided_as_each_one_alone(mutant: str, start: int) -> None:
    rules = complete(all_mutants()[mutant])
    together = alike(rules)
    for line in decided()[start : start + 30]:
        one = recorded(line)
        assert one is not None
        assert decide(together, one) == decide(rules, one), line


def complete(rules: AccessRules) -> AccessRules:
    """With the names of the tags that they read."""
    return replace(rules, caller_tags=tags_read(policy.document["conditions"] for policy in rules.policies.values()))


def line(number: int = 0, **members: Any) -> str:
    return json.dumps({**json.loads(decided()[number]), **members})


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"version": 1, "decision": None}, "version_1"),
        ({"decision": None}, "not_by_rules"),
        ({"decision": None, "detail": {"action": "Revoke"}}, "other_rights"),
        ({"decision": {"action": "TakeCredentials", "outcome": "allowed", "cut": True}}, "cut"),
        ({"decision": {"action": "RequestAccess", "outcome": "allowed", "for_other": True}}, "for_other"),
        ({"decision": {"action": "RequestAccess", "outcome": "allowed"}}, "unreadable"),
        ("no event", "unreadable"),
        ("[" * 9000, "unreadable"),
    ],
)
def test_what_cannot_be_decided_again_is_counted_and_never_guessed(members: str | dict[str, Any], why: str) -> None:
    changes = Changes(Replayer(RULES))
    changes.take([members if isinstance(members, str) else line(**members), decided()[0]])
    assert (changes.not_replayed, changes.replayed) == ({why: 1}, 1)
    assert why in NOT_REPLAYED


def test_a_tag_that_was_not_kept_is_not_taken_for_absent() -> None:
    more = {**FILES, "new.cedar": '@id("n") permit (principal, action, resource) when { principal.hasTag("shoe") };'}
    one = recorded(decided()[0])
    assert one is not None
    with pytest.raises(NotReplayed, match="tag"):
        Replayer(load_rules(more)).decide(one)
    of_roles = more["new.cedar"].replace("principal.hasTag", "resource.hasTag")
    assert Replayer(load_rules({**FILES, "new.cedar": of_roles})).decide(one) == then(one)


HOME = Account("210987654321", "prod", ou_path="/Workloads/Prod", tags={"stage": "prod"})


def test_rules_about_an_account_tell_two_roles_apart() -> None:
    text = '@id("p") permit (principal, action, resource in Broker::OrganizationalUnit::"/Workloads/Prod");'
    rules = alike(load_rules({"a.cedar": text}))
    arn = "arn:aws:iam::210987654321:role/access-broker/r"
    there, moved = Role("r", arn, home=HOME), Role("r", arn, home=replace(HOME, ou_path="/Other"))
    caller = Caller("user", "ann", "arn:aws:iam::123456789012:user/ann", "123456789012", "AIDA1")
    asked = [bool(rules.evaluate(Ask("TakeCredentials", caller, role, START)).doors) for role in (there, moved)]
    assert asked == [True, False]


def test_rules_about_an_account_tell_two_callers_apart_and_the_hubs_from_a_members() -> None:
    text = """@id("p") permit (principal in Broker::OrganizationalUnit::"/Workloads/Prod", action, resource);
      @id("h") permit (principal, action == Broker::Action::"SeeRole", resource);"""
    rules = alike(load_rules({"a.cedar": text}))
    there = Caller("role", f"{HOME.id}:ci/x", "arn", HOME.id, "AROA1:x", home=HOME)
    moved = replace(there, home=replace(HOME, ou_path="/Other"))
    in_the_hub = Caller("role", "ci/x", "arn", HOME.id, "AROA1:x")
    role = Role("r", "arn:aws:iam::123456789012:role/access-broker/r")
    asked = [
        [bool(rules.evaluate(Ask(action, caller, role, START)).doors) for action in ("TakeCredentials", "SeeRole")]
        for caller in (there, moved, in_the_hub)
    ]
    assert asked == [[True, True], [False, False], [False, True]]


ANN = Caller("role", "sso/ann", "arn:aws:sts::1:x", "123456789012", "sso/ann", ("sso/A",), {"team": "web"})


@pytest.mark.parametrize("caller", [ANN, replace(ANN, name=f"{HOME.id}:sso/ann", account=HOME.id, home=HOME)])
def test_every_member_of_an_ask_comes_back(caller: Caller) -> None:
    role = Role("r", "arn:aws:iam::123456789012:role/access-broker/r", "", {"a": "b"}, 1800, tier="operator", home=HOME)
    changed: dict[str, Any] = {
        "action": "OpenConsole", "caller": caller, "role": role, "at": START, "source_ip": "203.0.113.9",
        "duration_seconds": 900, "session_tags": ("ticket",), "via": "slack",
    }  # fmt: skip
    ask = Ask(**{field.name: changed.get(field.name, True) for field in dataclasses.fields(Ask)})
    seen = Evidence(ask)
    seen.allowed_by(Door("p", Terms()))
    told = seen.told(RULES)
    who = {"name": caller.name, "kind": caller.kind, "arn": caller.arn, "id": caller.unique_id}
    one = recorded(line(caller=who, role="r", decision=told))
    assert one is not None
    assert one.ask == ask


def test_events_of_other_kinds_are_no_decisions() -> None:
    changes = Changes(Replayer(RULES))
    changes.take([line(type="revoke"), line(type="expire", decision=None)])
    assert (changes.events, changes.replayed, changes.not_replayed) == (2, 0, {})


def test_changes_are_told_by_rule_and_person_with_an_example() -> None:
    changes, changed = replayed("a term tightened")
    told = changes.document()
    reasons = [group for group in told["changes"] if group["change"] == "reason"]
    assert [group["was_by"] for group in reasons] == [["engineers-standing"]]
    [group] = reasons
    assert sum(person["decisions"] for person in group["people"]) == group["decisions"]
    example = group["people"][0]["example"]
    assert (example["was"]["outcome"], example["now"]["outcome"]) == ("allowed", "reason_required")
    assert example["id"] in changed


def test_a_base_takes_the_place_of_what_is_on_record() -> None:
    tightened = load_rules(EDITS["a term tightened"])
    changes = Changes(Replayer(tightened), Replayer(tightened))
    changes.take(decided())
    assert changes.changed == 0


def test_shorter_sessions_are_other_terms() -> None:
    shorter = edited("engineers.cedar", '@max_duration("1h")', '@max_duration("45m")')
    changes = Changes(Replayer(load_rules(shorter)))
    changes.take(decided())
    assert changes.kinds() == {"terms", "refused"}
