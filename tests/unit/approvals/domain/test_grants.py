"""Grants: when they begin, what they cover, and how they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.grants import (
    FARTHEST_START,
    LONGEST_GRANT,
    REACH,
    SHORTEST_GRANT,
    Grant,
    asked_by_tag,
    ended,
    enter,
    granted,
    longest,
    not_begun,
    ran_out,
    require_length,
    session_seconds,
)
from chalicelib.approvals.domain.requests import ANSWERED_WITHIN, Request
from chalicelib.core.domain.errors import Conflict, InvalidRequest, ReasonRequired, Refused
from chalicelib.core.domain.times import rfc3339
from tests.fakes.core import ALICE, EC2
from tests.wording import naming

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
GRANT = Grant("g1", "alice", "AIDA1", "prod", 1, NOW, NOW + 2 * HOUR)
LATER = replace(GRANT, id="g2", starts_at=NOW + HOUR, until=NOW + 3 * HOUR)
FILED = Request("g1", "alice", "AIDA1", "arn", "prod", 3600, 1, "rule", NOW - HOUR, NOW + 23 * HOUR)


def test_a_grant_covers_its_first_moment_and_not_its_last() -> None:
    moments = (NOW - SECOND, NOW, GRANT.until - SECOND, GRANT.until)
    assert [GRANT.covers(at) for at in moments] == [False, True, True, False]
    assert not ended(GRANT, "bob", NOW + HOUR).covers(NOW)


@pytest.mark.parametrize(
    ("grant", "at", "state"),
    [
        (LATER, NOW, "scheduled"),
        (LATER, LATER.starts_at, "active"),
        (LATER, LATER.until, "expired"),
        (ended(GRANT, "bob", NOW), GRANT.until + HOUR, "ended"),
        (ran_out(GRANT), GRANT.until, "expired"),
    ],
)
def test_the_state_of_a_moment(grant: Grant, at: datetime, state: str) -> None:
    assert grant.state(at) == state


def test_a_grant_begins_with_its_approval_and_not_before_its_planned_start() -> None:
    approved = replace(FILED, state="approved", settled_at=NOW)
    assert (granted(approved).starts_at, granted(approved).until) == (NOW, NOW + HOUR)
    planned = granted(replace(approved, not_before=NOW + HOUR))
    assert (planned.starts_at, planned.until) == (NOW + HOUR, NOW + 2 * HOUR)
    late = granted(replace(approved, not_before=NOW - HOUR / 2))
    assert (late.starts_at, late.until) == (NOW, NOW + HOUR / 2)
    assert granted(FILED).starts_at == FILED.filed_at  # rows that an earlier version wrote


def test_of_the_grants_that_cover_a_moment_the_one_that_lasts_longest_counts() -> None:
    two = replace(GRANT, id="g3", approvals=2)
    assert longest([GRANT, LATER, two], 1, NOW) == two
    assert longest([GRANT, LATER, two], 1, NOW + HOUR) == LATER
    assert longest([GRANT, LATER], 2, NOW + HOUR) is None
    assert longest([GRANT], 1, GRANT.until) is None


def test_the_first_grant_to_come_is_named() -> None:
    much_later = replace(LATER, id="g3", starts_at=NOW + 2 * HOUR)
    refused = not_begun([much_later, LATER, GRANT], NOW)
    assert isinstance(refused, Refused)
    with pytest.raises(Refused, match=naming("g2", rfc3339(LATER.starts_at))):
        raise refused


@pytest.mark.parametrize("none_ahead", [GRANT, ended(LATER, "bob", NOW)])
def test_a_grant_that_has_begun_or_ended_is_not_to_come(none_ahead: Grant) -> None:
    assert not_begun([none_ahead], none_ahead.starts_at) is None
    assert not_begun([none_ahead], NOW) is None


@pytest.mark.parametrize(
    ("length", "fits"),
    [
        (SHORTEST_GRANT - SECOND, False),
        (SHORTEST_GRANT, True),
        (LONGEST_GRANT, True),
        (LONGEST_GRANT + SECOND, False),
    ],
)
def test_the_bounds_of_a_grants_length_fit(length: timedelta, *, fits: bool) -> None:
    if fits:
        require_length(length)
        return
    with pytest.raises(InvalidRequest):
        require_length(length)


def test_no_grant_reaches_farther_than_an_answer_a_start_and_a_length() -> None:
    assert REACH == ANSWERED_WITHIN + FARTHEST_START + LONGEST_GRANT


def test_a_session_never_outlives_its_grant() -> None:
    assert session_seconds(GRANT, 3600, NOW) == 3600
    assert session_seconds(GRANT, 3600, GRANT.until - HOUR / 2) == 1800
    assert session_seconds(GRANT, 3600, GRANT.usable_until) == 900
    with pytest.raises(Refused, match=naming("899", "900", "broker request prod")):
        session_seconds(GRANT, 3600, GRANT.usable_until + SECOND)
    with pytest.raises(Refused, match=naming("0")):
        session_seconds(GRANT, 3600, GRANT.until + HOUR)


def test_a_grant_ends_once_and_before_its_time() -> None:
    over = ended(GRANT, "bob", NOW + HOUR)
    assert (over.ended_at, over.ended_by) == (NOW + HOUR, "bob")
    with pytest.raises(Conflict, match=naming("g1", rfc3339(NOW + HOUR))):
        ended(over, "eve", NOW + HOUR + SECOND)
    with pytest.raises(Conflict, match=naming("g1", rfc3339(GRANT.until))):
        ended(GRANT, "eve", GRANT.until)
    assert (ran_out(GRANT).ended_at, ran_out(GRANT).ended_by) == (GRANT.until, "")


def test_a_tag_holds_no_character_that_session_tags_may_not() -> None:
    assert list(asked_by_tag("bot,1*").values()) == ["bot_1_"]
    assert asked_by_tag("") == {}


RULES = load_rules({"a.cedar": '@id("a") @approvals("1") @reason("required") permit (principal, action, resource);'})
ASK = Ask("TakeCredentials", ALICE, EC2, NOW)


def test_the_reason_of_any_grant_that_covers_the_moment_counts() -> None:
    silent = replace(GRANT, id="g3", reason="", until=GRANT.until - HOUR)
    given = replace(GRANT, reason="deploy 1.2")
    for held in ((silent, given), (given, silent)):
        entered = enter(RULES, ASK, held)
        assert entered
        assert entered[1].id == GRANT.id
    with pytest.raises(ReasonRequired):
        enter(RULES, ASK, (silent, replace(LATER, reason="tomorrow")))


def test_a_grant_that_does_not_cover_the_moment_opens_nothing() -> None:
    assert enter(RULES, replace(ASK, reason_given=True), (LATER,)) is None
    longer = replace(GRANT, id="old", starts_at=NOW - 9 * HOUR, until=NOW - SECOND, approvals=2)
    entered = enter(RULES, replace(ASK, reason_given=True), (longer, GRANT))
    assert entered
    assert entered[1].id == GRANT.id
