"""The rule that states the terms of a request, and the people who never decide on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask, Door
from chalicelib.access.domain.terms import Terms
from chalicelib.approvals.domain.approvals import door_asked_for, door_to_ask_for, require_second_person
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import Conflict, InvalidRequest, ReasonRequired, Refused
from tests.fakes.core import ALICE, EC2, NOW
from tests.wording import naming

if TYPE_CHECKING:
    from datetime import datetime

HOUR = timedelta(hours=1)
BOB = Caller("user", "bob", "arn:aws:iam::123456789012:user/bob", "123456789012", "AIDABOB")


def door(name: str, approvals: int = 1, *, reason: bool = False, grant: timedelta | None = None) -> Door:
    return Door(name, Terms(approvals=approvals, reason_required=reason, grant=grant))


def asked(*doors: Door, lasts: timedelta = HOUR, reason: bool = False) -> str:
    return door_to_ask_for(doors, lasts, reason_given=reason).policy


def test_the_door_that_asks_least_is_asked_for() -> None:
    assert asked(door("a", 2), door("b", 1)) == "b"
    assert asked(door("a", reason=True), door("b"), reason=True) == "b"
    assert asked(door("b"), door("a")) == "a"


def test_a_door_that_asks_for_a_reason_is_passed_over_where_none_was_given() -> None:
    assert asked(door("a", 1, reason=True), door("b", 2)) == "b"
    assert asked(door("a", 1, reason=True), door("b", 2), reason=True) == "a"
    with pytest.raises(ReasonRequired, match=naming("a")) as refused:
        asked(door("b", 2, reason=True), door("a", 1, reason=True))
    assert refused.value.policies == ("a",)


def test_a_door_that_gives_it_for_so_long_is_asked_for() -> None:
    assert asked(door("a", 1), door("b", 2, grant=2 * HOUR), lasts=2 * HOUR) == "b"
    with pytest.raises(InvalidRequest, match=naming("7200")) as refused:
        asked(door("a", 1), door("b", 2, grant=2 * HOUR), lasts=3 * HOUR)
    assert list(refused.value.fields) == ["duration_seconds"]


def test_where_a_door_stands_open_none_is_asked_for() -> None:
    with pytest.raises(Conflict, match=naming("open")):
        asked(door("a"), door("open", 0))


def asked_of(*policies: str, start: datetime = NOW, seconds: int = 3600, may_ask: bool = True) -> str:
    """The rule under which a request of alice's is filed."""
    seen = '@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);'
    asks = '@id("asks") permit (principal, action == Broker::Action::"RequestAccess", resource);'
    rules = load_rules({"a.cedar": "\n".join((seen, *([asks] if may_ask else []), *policies))})
    return door_asked_for(rules, Ask("RequestAccess", ALICE, EC2, NOW, duration_seconds=seconds), start).policy


TAKING = 'permit (principal, action == Broker::Action::"TakeCredentials", resource)'
OPENING = 'permit (principal, action == Broker::Action::"OpenConsole", resource)'


def test_who_may_not_ask_but_has_the_role_by_one_of_two_rules_is_told_that() -> None:
    with pytest.raises(Refused, match=naming(EC2.name, "already")):
        asked_of(f'@id("a") {TAKING};', f'@id("b") @approvals("1") {TAKING};', may_ask=False)


def test_the_length_that_is_asked_for_is_the_grants_and_not_the_sessions() -> None:
    hour = f'@id("a") @approvals("1") @grant("2h") {TAKING} when {{ context.duration_seconds <= 3600 }};'
    assert asked_of(hour, seconds=7200) == "a"


def test_the_consoles_door_is_asked_for_where_credentials_have_one_without_approval() -> None:
    credentials = (f'@id("a") {TAKING};', f'@id("b") @approvals("1") {TAKING};')
    assert asked_of(*credentials, f'@id("c") @approvals("1") {OPENING};') == "c"


def test_a_role_that_no_rule_gives_is_refused_by_name_and_one_given_at_other_times_says_so() -> None:
    with pytest.raises(Refused, match="No rule gives"):
        asked_of()
    until_one = f'@id("a") @approvals("1") {TAKING} when {{ context.at < datetime("2026-11-23T13:00:00Z") }};'
    assert asked_of(until_one) == "a"
    with pytest.raises(Refused, match="no one at that time"):
        asked_of(until_one, start=NOW + 2 * HOUR)


def test_who_asked_does_not_decide_in_whatever_shape() -> None:
    session = replace(BOB, unique_id="AROAOPS:bob")
    require_second_person(BOB, ["AIDAALICE", ""])
    require_second_person(session, ["AROADEV:bob"])
    for who, by in ((BOB, "AIDABOB"), (session, "AROAOPS:alice"), (session, "AROAOPS")):
        with pytest.raises(Refused):
            require_second_person(who, ["", by])
    with pytest.raises(Refused):
        require_second_person(replace(BOB, brokered=True), ["AIDAALICE"])
