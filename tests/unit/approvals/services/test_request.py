"""Asking: the rules state the terms, the person's own rules decide, nothing is filed twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.approvals.domain.filings import (
    MAX_FILED,
    MAX_WAITING,
    WINDOW,
    Crowded,
    FiledTooOften,
    Filings,
    person_of,
)
from chalicelib.approvals.services.request import RequestAsk
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import BrokerError, Conflict, InvalidRequest, NotFound, ReasonRequired, Refused
from tests.fakes.approval_desk import ALICE, BOB, BOT, CAROL, DAVE, RULES, ApprovalDesk
from tests.fakes.core import origin
from tests.wording import names, naming


@pytest.fixture
def desk() -> ApprovalDesk:
    return ApprovalDesk()


def test_a_request_takes_its_terms_from_the_rule_and_is_told(desk: ApprovalDesk) -> None:
    request = desk.file(hours=4)
    assert (request.state, request.approvals, request.policy) == ("pending", 1, "one-agrees")
    assert (request.caller_id, request.answer_by) == (ALICE.unique_id, desk.clock() + timedelta(hours=24))
    [event] = desk.requests.events
    assert (event.id, event.type, event.reason, event.policies) == (request.id, "request", "deploy", ("one-agrees",))


@pytest.mark.parametrize(
    ("who", "role", "reason", "kind"),
    [
        (CAROL, "prod", "please", Refused),
        (CAROL, "hidden", "please", NotFound),
        (CAROL, "nothing", "please", NotFound),
        (ALICE, "prod", "", ReasonRequired),
        (BOB, "prod", "please", Refused),
    ],
)
def test_who_may_not_ask_is_refused_on_record(
    desk: ApprovalDesk, who: Caller, role: str, reason: str, kind: type[BrokerError]
) -> None:
    with pytest.raises(kind):
        desk.file(who, role, reason=reason)
    [event] = desk.journal.events
    assert (event.type, event.role, event.detail["action"]) == ("refuse", role, "RequestAccess")
    assert not desk.requests.rows


def test_one_person_cannot_bury_the_approvers_and_is_told_how_to_go_on(desk: ApprovalDesk) -> None:
    filed = [desk.file() for _ in range(MAX_WAITING)]
    with pytest.raises(Crowded):
        desk.file()
    assert desk.journal.events[-1].detail["code"] == "conflict"
    desk.file(DAVE)
    desk.request_decisions.cancel(filed[0].id, "", origin(ALICE))
    assert desk.file().state == "pending"


def test_of_many_requests_at_once_no_more_than_the_limit_are_filed(
    desk: ApprovalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call first reads the count of a moment before, as calls at once do."""
    read, reads = desk.requests.filings, [Filings("AIDAALICE")]

    def lagging(person: str) -> Filings:
        reads.append(read(person))
        return reads[-2]

    monkeypatch.setattr(desk.requests, "filings", lagging)
    refused = 0
    for _ in range(80):
        try:
            desk.file()
        except Crowded:
            refused += 1
    assert (len(desk.requests.rows), refused) == (MAX_WAITING, 80 - MAX_WAITING)


def test_filing_and_cancelling_over_and_over_is_limited_by_a_rate(desk: ApprovalDesk) -> None:
    for _ in range(MAX_FILED):
        desk.request_decisions.cancel(desk.file().id, "", origin(ALICE))
    with pytest.raises(FiledTooOften):
        desk.file()
    assert desk.journal.events[-1].detail["code"] == "too_many_requests"
    desk.file(DAVE)
    desk.clock.pass_seconds(WINDOW.total_seconds() + 1)
    assert desk.file().state == "pending"


@pytest.mark.parametrize(
    ("name", "unique_id", "person"),
    [
        ("alice", "AIDAALICE", "AIDAALICE"),
        ("deploy/chosen-1", "AROADEPLOY:chosen-1", "AROADEPLOY"),
        ("AWSReservedSSO_admins_0a/alice", "AROASSO:alice", "AROASSO:alice"),
    ],
)
def test_the_limits_are_of_a_person_whatever_session_names_one_chooses(name: str, unique_id: str, person: str) -> None:
    kind = "role" if "/" in name else "user"
    assert person_of(Caller(kind, name, "", "", unique_id)) == person  # type: ignore[arg-type]


def test_a_grant_longer_than_the_rule_allows_is_not_filed(desk: ApprovalDesk) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        desk.file(hours=9)
    assert list(refusal.value.fields) == ["duration_seconds"]
    assert names(refusal.value.fields["duration_seconds"], "28800")


@pytest.mark.parametrize("hours", [0, 0.25, 0.499, 30 * 24.1, 400 * 24])
def test_access_too_short_to_be_used_or_longer_than_thirty_days_is_not_filed(hours: float) -> None:
    desk = ApprovalDesk(RULES.replace('@reason("required") @grant("8h")', '@grant("900d")'))
    with pytest.raises(InvalidRequest) as refusal:
        desk.file(hours=hours)
    assert list(refusal.value.fields) == ["duration_seconds"]
    assert names(refusal.value.fields["duration_seconds"], "1800", "2592000")
    assert not desk.requests.rows


@pytest.mark.parametrize("ahead", [None, timedelta(hours=3)])
def test_the_shortest_access_there_is_can_be_used_a_while_after_the_approval(
    desk: ApprovalDesk, ahead: timedelta | None
) -> None:
    desk.approve(desk.file(hours=0.5, not_before=desk.clock() + ahead if ahead else None))
    [grant] = desk.grants.rows.values()
    desk.clock.now = grant.usable_until
    assert desk.issue().expires_at == grant.until
    desk.clock.pass_seconds(1)
    with pytest.raises(Refused):
        desk.issue()


def test_where_no_approval_is_needed_none_is_asked_for(desk: ApprovalDesk) -> None:
    with pytest.raises(Conflict, match=naming("standing")):
        desk.file(role_name="tools")


def test_who_has_the_role_is_told_so_though_no_rule_lets_them_ask_for_it() -> None:
    asks = '[Broker::Action::"RequestAccess", Broker::Action::"TakeCredentials"]'
    takes = '[Broker::Action::"TakeCredentials"]'
    desk = ApprovalDesk(RULES.replace(asks, takes))
    with pytest.raises(Refused, match=naming("alice", "broker exec tools")):
        desk.file(role_name="tools")
    with pytest.raises(Refused, match=naming("RequestAccess", "prod", "alice")):
        desk.file(role_name="prod")
    assert [event.type for event in desk.journal.events] == ["refuse", "refuse"]


def test_a_console_that_needs_approval_is_asked_for_beside_standing_credentials() -> None:
    console = """@id("console") @approvals("2") @grant("8h") permit (principal in Broker::Group::"engineers",
        action == Broker::Action::"OpenConsole", resource == Broker::Role::"tools");"""
    desk = ApprovalDesk(RULES + console)
    request = desk.file(role_name="tools")
    assert (request.policy, request.approvals) == ("console", 2)
    desk.approve(desk.approve(request, BOB), DAVE)
    assert desk.issue(role_name="tools", kind="console").grant == request.id
    assert desk.issue(role_name="tools").grant == ""


def test_the_door_that_asks_fewest_is_taken_and_a_longer_one_where_it_must_be() -> None:
    longer = """@id("longer") @approvals("3") @grant("2d") permit (principal in Broker::Group::"engineers",
        action == Broker::Action::"TakeCredentials", resource == Broker::Role::"prod");"""
    desk = ApprovalDesk(RULES + longer)
    assert [desk.file(hours=hours).policy for hours in (8, 9)] == ["one-agrees", "longer"]


def test_a_rule_without_a_grant_gives_an_hour() -> None:
    desk = ApprovalDesk(RULES.replace('@approvals("2") @grant("8h")', '@approvals("2")'))
    assert desk.file(role_name="vault", hours=1).policy == "two-agree"
    with pytest.raises(InvalidRequest, match=naming("3600")):
        desk.file(role_name="vault", hours=1.25)


def test_rules_on_the_time_are_asked_about_the_moment_it_would_begin() -> None:
    by_night = 'when { context.at.toTime() >= duration("20h") };'
    text = """@id("night") @approvals("1") permit (principal in Broker::Group::"engineers",
        action == Broker::Action::"TakeCredentials", resource == Broker::Role::"tools") """
    desk = ApprovalDesk(RULES.replace('@id("standing")', '@id("standing") @approvals("1")') + text + by_night)
    noon = desk.clock()
    assert desk.file(role_name="tools", hours=1, not_before=noon + timedelta(hours=9)).approvals == 1
    only_by_night = ApprovalDesk(
        RULES.replace(
            '"TakeCredentials"],\n  resource == Broker::Role::"tools"',
            '"SeeRole"],\n  resource == Broker::Role::"tools"',
        )
        + text
        + by_night
    )
    with pytest.raises(Refused):
        only_by_night.file(role_name="tools", hours=1)
    assert only_by_night.file(role_name="tools", hours=1, not_before=noon + timedelta(hours=9)).policy == "night"


def test_a_scheduled_start_waits_for_an_answer_as_long_as_a_session_fits_in(desk: ApprovalDesk) -> None:
    start = desk.clock() + timedelta(days=3)
    request = desk.file(hours=2, not_before=start)
    assert (request.not_before, request.answer_by) == (start, start + timedelta(minutes=105))


@pytest.mark.parametrize("hours", [-1, 31 * 24])
def test_a_start_that_is_over_or_too_far_ahead_is_not_filed(desk: ApprovalDesk, hours: int) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        desk.file(not_before=desk.clock() + timedelta(hours=hours))
    assert list(refusal.value.fields) == ["not_before"]


def test_a_start_a_moment_ago_means_now(desk: ApprovalDesk) -> None:
    assert desk.file(not_before=desk.clock() - timedelta(minutes=1)).not_before is None


def test_a_bot_asks_for_a_person_whose_own_rules_decide(desk: ApprovalDesk) -> None:
    request = desk.file(BOT, on_behalf_of="alice")
    assert (request.caller, request.caller_id, request.asked_by) == ("alice", ALICE.unique_id, "slackbot")
    assert desk.requests.events[0].origin.caller == BOT
    assert desk.requests.events[0].detail["for"] == "alice"
    with pytest.raises(Refused, match=naming("carol")):
        desk.file(BOT, on_behalf_of="carol")
    with pytest.raises(NotFound, match=naming("nobody")):
        desk.file(BOT, on_behalf_of="nobody")


def test_where_those_who_ask_for_others_owe_a_reason_the_requests_own_is_it() -> None:
    desk = ApprovalDesk(RULES.replace('@id("bots") permit', '@id("bots") @reason("required") permit'))
    with pytest.raises(ReasonRequired):
        desk.file(BOT, "vault", on_behalf_of="alice", reason="")
    assert desk.file(BOT, "vault", on_behalf_of="alice", reason="ticket 7").asked_by == "slackbot"


def test_asking_for_others_needs_a_rule_for_it(desk: ApprovalDesk) -> None:
    with pytest.raises(Refused):
        desk.file(DAVE, on_behalf_of="alice")
    assert desk.file(DAVE, on_behalf_of="dave").asked_by == ""


def test_filing_again_with_the_same_key_answers_what_was_filed_first(desk: ApprovalDesk) -> None:
    first = desk.file(once="trigger-1")
    assert desk.file(once="trigger-1") == first
    assert desk.file(DAVE, once="trigger-1") != first
    assert desk.events == ["request", "request"]
    for other in ({"hours": 3}, {"not_before": desk.clock() + timedelta(days=5)}):
        with pytest.raises(Conflict):
            desk.file(once="trigger-1", **other)


def test_filing_again_when_the_planned_start_has_come_is_still_the_same(desk: ApprovalDesk) -> None:
    wanted = {"once": "trigger-1", "not_before": desk.clock() + timedelta(minutes=1)}
    first = desk.file(**wanted)  # type: ignore[arg-type]
    desk.clock.pass_seconds(120)
    assert desk.file(**wanted) == first  # type: ignore[arg-type]


def test_an_ask_for_oneself_by_name_is_an_ask_of_ones_own(desk: ApprovalDesk) -> None:
    request = desk.request_filing.file(RequestAsk("prod", 3600, "x", on_behalf_of="alice"), origin(ALICE))
    assert request.asked_by == ""
