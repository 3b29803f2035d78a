"""Sessions with a grant: what it opens, for whom, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.core.domain.errors import ApprovalRequired, InvalidRequest, NotFound, Refused
from tests.fakes.approval_desk import ALICE, BOT, DAVE, RULES, ApprovalDesk
from tests.unit.sessions.services.granting import desk, granted
from tests.wording import naming

__all__ = ["desk"]


def test_without_a_grant_the_role_asks_for_approval(desk: ApprovalDesk) -> None:
    desk.file()
    with pytest.raises(ApprovalRequired):
        desk.issue()


def test_a_grant_opens_the_role_and_the_session_says_which(desk: ApprovalDesk) -> None:
    request = granted(desk)
    session = desk.issue()
    assert session.grant == request.id
    event = desk.sessions.events[0]
    assert (event.detail["request"], event.detail["grant"]) == (request.id, request.id)
    [grant] = desk.grants.rows.values()
    assert grant.sessions == {session.id}


def test_grants_are_read_only_where_approval_is_asked_for(desk: ApprovalDesk) -> None:
    desk.issue(role_name="tools")
    assert desk.grants.reads == 0


def test_a_grant_is_for_its_caller_and_its_role_only(desk: ApprovalDesk) -> None:
    granted(desk)
    namesake = replace(ALICE, unique_id="AIDANEW")
    for who, role in ((DAVE, "prod"), (ALICE, "vault"), (namesake, "prod")):
        with pytest.raises(ApprovalRequired):
            desk.issue(who, role)


def test_a_session_never_outlives_its_grant(desk: ApprovalDesk) -> None:
    granted(desk, hours=2)
    desk.hours_pass(1.5)
    session = desk.issue()
    assert session.expires_at - session.issued_at == timedelta(minutes=30)
    assert desk.sts.asked[-1].duration_seconds == 1800


def test_with_less_than_a_session_left_the_refusal_says_so(desk: ApprovalDesk) -> None:
    granted(desk, hours=2)
    desk.clock.pass_seconds(2 * 3600 - 899)
    with pytest.raises(Refused, match=naming("899", "900")):
        desk.issue()
    assert desk.journal.events[-1].type == "refuse"


def test_the_longest_of_overlapping_grants_is_used(desk: ApprovalDesk) -> None:
    granted(desk, hours=1)
    longer = granted(desk, hours=8)
    granted(desk, hours=2)
    assert desk.issue().grant == longer.id


def test_a_grant_that_has_not_begun_says_when_it_will(desk: ApprovalDesk) -> None:
    start = desk.clock() + timedelta(hours=3)
    granted(desk, not_before=start)
    with pytest.raises(Refused, match=naming("2026-11-23T15:00:00.000Z")) as refusal:
        desk.issue()
    assert refusal.value.code == "not_allowed"
    desk.hours_pass(3)
    assert desk.issue().expires_at <= start + timedelta(hours=2)


def test_an_approval_in_the_middle_of_the_window_gives_the_rest(desk: ApprovalDesk) -> None:
    request = desk.file(hours=2, not_before=desk.clock() + timedelta(hours=1))
    desk.hours_pass(2)
    desk.approve(request)
    [grant] = desk.grants.rows.values()
    assert (grant.starts_at, grant.until - grant.starts_at) == (desk.clock(), timedelta(hours=1))


def test_a_grant_agreed_to_by_one_does_not_open_a_door_that_now_asks_for_two(desk: ApprovalDesk) -> None:
    granted(desk)
    stricter = ApprovalDesk(RULES.replace('@id("one-agrees") @approvals("1")', '@id("one-agrees") @approvals("2")'))
    stricter.session_issuer = replace(stricter.session_issuer, grants=desk.grants)
    with pytest.raises(ApprovalRequired):
        stricter.issue()


def test_the_rules_still_decide_after_the_approval(desk: ApprovalDesk) -> None:
    granted(desk)
    for who in (replace(ALICE, groups=()), replace(ALICE, tags={"access-broker:suspended": "leaver"})):
        with pytest.raises((Refused, NotFound)):
            desk.issue(who)


def test_the_reason_given_to_the_approvers_counts_for_the_sessions(desk: ApprovalDesk) -> None:
    granted(desk, reason="deploy 1.2")
    assert desk.issue(reason="").reason == "deploy 1.2"
    assert desk.issue(reason="look again").reason == "look again"


def test_the_reason_given_to_the_approvers_opens_no_door_that_asks_for_none_of_them() -> None:
    standing = """@id("for-a-reason") @reason("required") permit (principal,
      action == Broker::Action::"TakeCredentials", resource == Broker::Role::"prod");"""
    desk = ApprovalDesk()
    request = granted(desk, reason="deploy 1.2")
    desk.session_issuer = replace(desk.session_issuer, rules=load_rules({"a.cedar": RULES + standing}))
    session = desk.issue(reason="")
    assert (session.policies, session.grant, session.reason) == (("one-agrees",), request.id, "deploy 1.2")
    session = desk.issue(reason="have a look")
    assert (session.policies, session.grant, session.reason) == (("for-a-reason",), "", "have a look")


def test_a_door_that_is_too_short_does_not_hide_the_one_the_grant_opens() -> None:
    short = """@id("short") @max_duration("15m") permit (principal in Broker::Group::"engineers",
        action == Broker::Action::"TakeCredentials", resource == Broker::Role::"prod");"""
    desk = ApprovalDesk(RULES)
    request = granted(desk)
    both = ApprovalDesk(RULES + short)
    both.session_issuer = replace(both.session_issuer, grants=desk.grants)
    both.sessions.grants = desk.grants
    assert both.issue(duration_seconds=3600).grant == request.id
    with pytest.raises(InvalidRequest):
        both.issue(DAVE, duration_seconds=3600)


def test_both_names_are_in_a_session_that_a_bot_asked_for(desk: ApprovalDesk) -> None:
    granted(desk, BOT, on_behalf_of="alice")
    session = desk.issue()
    assert (session.caller, session.asked_by, session.source_identity) == ("alice", "slackbot", "alice")
    assert desk.sts.asked[-1].tags["access-broker:asked-by"] == "slackbot"
    assert desk.sessions.events[0].detail["asked_by"] == "slackbot"
    with pytest.raises(Refused):
        desk.issue(BOT)
