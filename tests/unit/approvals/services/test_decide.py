"""Approve, deny, cancel: who counts, and what becomes of whoever comes too late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import AwsUnavailable, Conflict, Contended, NotFound, ReasonRequired, Refused
from chalicelib.core.domain.times import rfc3339
from tests.fakes.approval_desk import ACCOUNT, ALICE, BOB, BOT, CAROL, DAVE, EVE, GRACE, RULES, ApprovalDesk
from tests.fakes.core import origin
from tests.wording import naming

if TYPE_CHECKING:
    from chalicelib.approvals.domain.requests import Word


@pytest.fixture
def desk() -> ApprovalDesk:
    return ApprovalDesk()


def test_one_approval_makes_a_grant_from_now_on_and_tells_it_once(desk: ApprovalDesk) -> None:
    request = desk.approve(desk.file(), comment="go ahead")
    [grant] = desk.grants.rows.values()
    assert (request.state, grant.id, grant.approvers) == ("approved", request.id, ("bob",))
    assert (grant.starts_at, (grant.until - grant.starts_at).total_seconds()) == (desk.clock(), 7200)
    assert desk.events == ["request", "decide"]
    event = desk.requests.events[-1]
    assert (event.origin.caller, event.reason, event.policies) == (BOB, "go ahead", ("approve",))
    assert event.detail["request"] == request.id
    assert event.detail["grant"]["id"] == request.id


REASONED = RULES.replace('@id("approve") permit', '@id("approve") @reason("required") permit')


@pytest.mark.parametrize("word", ["approve", "deny"])
def test_where_approvers_owe_a_reason_their_comment_is_it(word: Word) -> None:
    desk = ApprovalDesk(REASONED)
    request = desk.file()
    with pytest.raises(ReasonRequired, match=naming("comment")):
        desk.request_decisions.record_decision(request.id, word, " ", origin(BOB))
    assert (
        desk.request_decisions.record_decision(request.id, word, "looked at the ticket", origin(BOB)).state != "pending"
    )


def test_where_two_must_agree_the_second_one_makes_the_grant(desk: ApprovalDesk) -> None:
    request = desk.file(role_name="vault")
    assert desk.approve(request, BOB).state == "pending"
    assert not desk.grants.rows
    assert desk.approve(request, EVE).state == "approved"
    assert desk.events == ["request", "decide", "decide"]


def test_the_same_approver_twice_is_one_approval(desk: ApprovalDesk) -> None:
    request = desk.file(role_name="vault")
    first = desk.approve(request, BOB)
    assert desk.approve(request, BOB) == first
    assert desk.events == ["request", "decide"]


def test_two_sessions_of_one_role_are_one_approver(desk: ApprovalDesk) -> None:
    sessions = [
        Caller("role", f"sso/{name}", f"arn:aws:sts::{ACCOUNT}:assumed-role/sso/{name}", ACCOUNT, f"AROA1:{name}")
        for name in ("one", "two")
    ]
    all_roles = '@id("roles") permit (principal is Broker::RoleSession, action == Broker::Action::"Approve", resource);'
    desk = ApprovalDesk(RULES + all_roles)
    request = desk.file(role_name="vault")
    for session in sessions:
        request = desk.approve(request, session)
    assert (request.state, len(request.decisions)) == ("pending", 1)


def test_one_denial_ends_it(desk: ApprovalDesk) -> None:
    request = desk.file(role_name="vault")
    desk.approve(request, BOB)
    assert desk.deny(request, EVE, "not today").state == "denied"
    assert not desk.grants.rows


@pytest.mark.parametrize("who", [ALICE, replace(ALICE, groups=("engineers", "approvers"))])
def test_whoever_asks_never_counts(desk: ApprovalDesk, who: Caller) -> None:
    request = desk.file(who)
    with pytest.raises(Refused) as refused:
        desk.approve(request, who)
    assert refused.value.policies == ()  # no rule is near: none could mend it
    assert desk.requests.rows[request.id].decisions == ()
    [refusal] = desk.journal.events
    assert refusal.detail["request"] == request.id


def test_neither_the_bot_that_asked_nor_the_person_it_asked_for_counts(desk: ApprovalDesk) -> None:
    request = desk.file(BOT, on_behalf_of="dave")
    assert (request.caller, request.asked_by) == ("dave", "slackbot")
    for who in (BOT, DAVE):
        with pytest.raises(Refused):
            desk.approve(request, who)
    assert desk.approve(request, BOB).state == "approved"


def test_a_session_of_a_brokered_role_counts_for_nobody() -> None:
    everybody = '@id("all") permit (principal, action == Broker::Action::"Approve", resource);'
    desk = ApprovalDesk(RULES + everybody)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/tools/alice-01k"
    with pytest.raises(Refused):
        desk.approve(desk.file(), Caller("role", "tools/alice-01k", arn, ACCOUNT, "AROATOOLS:alice-01k", brokered=True))


def test_somebody_without_the_right_is_told_the_nearest_rule(desk: ApprovalDesk) -> None:
    with pytest.raises(Refused, match=naming("Group approvers")):
        desk.approve(desk.file(), CAROL)


def test_a_request_for_a_role_one_may_not_see_does_not_exist(desk: ApprovalDesk) -> None:
    request = desk.file()
    desk.requests.rows[request.id] = replace(request, role="hidden")
    with pytest.raises(NotFound) as unseen:
        desk.approve(request, CAROL)
    with pytest.raises(NotFound) as absent:
        desk.request_decisions.record_decision("0" * 26, "approve", "", origin(CAROL))
    assert unseen.value.detail.replace(request.id, "X") == absent.value.detail.replace("0" * 26, "X")


def test_approve_after_deny_says_who_denied(desk: ApprovalDesk) -> None:
    request = desk.file()
    desk.deny(request, BOB)
    with pytest.raises(Conflict, match=naming("denied", "bob", rfc3339(desk.clock()))):
        desk.approve(request, EVE)
    with pytest.raises(Conflict, match=naming("denied", "bob")):
        desk.approve(request, BOB)


def test_deny_after_approve_says_who_approved_and_keeps_the_grant(desk: ApprovalDesk) -> None:
    request = desk.approve(desk.file())
    with pytest.raises(Conflict, match=naming("approved", "bob")):
        desk.deny(request, EVE)
    assert desk.issue().grant == request.id


def test_nobody_says_both(desk: ApprovalDesk) -> None:
    request = desk.file(role_name="vault")
    desk.approve(request, BOB)
    with pytest.raises(Conflict, match=naming(request.id)):
        desk.deny(request, BOB)


def test_approve_after_expiry_writes_the_expiry_and_says_so(desk: ApprovalDesk) -> None:
    request = desk.file()
    desk.hours_pass(24)
    with pytest.raises(Conflict, match=naming("expired")):
        desk.approve(request)
    assert desk.requests.rows[request.id].state == "expired"
    assert desk.events == ["request", "expire"]
    assert desk.overdue_closer.run() == (0, 0)


def test_an_approval_in_the_same_moment_is_not_lost_but_counted_next(desk: ApprovalDesk) -> None:
    request = desk.file(role_name="vault")
    desk.requests.before_save = lambda: desk.approve(request, EVE)
    assert desk.approve(request, BOB).state == "approved"
    assert set(desk.requests.rows[request.id].approvers) == {"bob", "eve"}
    assert len(desk.grants.rows) == 1


def test_of_an_approval_and_a_denial_in_the_same_moment_one_happens(desk: ApprovalDesk) -> None:
    request = desk.file()
    desk.requests.before_save = lambda: desk.deny(request, EVE)
    with pytest.raises(Conflict, match=naming("denied", "eve")):
        desk.approve(request, BOB)
    assert desk.events == ["request", "decide"]


def test_a_write_that_met_another_one_under_way_is_repeated(desk: ApprovalDesk) -> None:
    request = desk.file()
    desk.requests.before_save = contended
    assert desk.approve(request).state == "approved"
    assert desk.events == ["request", "decide"]


def test_what_somebody_is_at_while_it_lapses_is_left_for_the_next_run(desk: ApprovalDesk) -> None:
    desk.file()
    desk.hours_pass(24)
    desk.requests.before_save = contended
    assert desk.overdue_closer.run() == (0, 0)
    assert desk.events == ["request"]
    assert desk.overdue_closer.run() == (1, 0)
    assert desk.events == ["request", "expire"]


def contended() -> None:
    raise Contended("TransactionConflict")


def test_a_request_that_everybody_writes_to_asks_to_try_again(desk: ApprovalDesk) -> None:
    request = desk.file()

    def busy() -> None:
        desk.requests.rows[request.id] = replace(
            desk.requests.rows[request.id], version=desk.requests.rows[request.id].version + 1
        )
        desk.requests.before_save = busy

    desk.requests.before_save = busy
    with pytest.raises(AwsUnavailable):
        desk.approve(request)


def test_whoever_asked_takes_it_back_and_says_so_twice_without_harm(desk: ApprovalDesk) -> None:
    request = desk.file(BOT, on_behalf_of="alice")
    cancelled = desk.request_decisions.cancel(request.id, "found another way", origin(ALICE))
    assert desk.request_decisions.cancel(request.id, "", origin(BOT)) == cancelled
    assert desk.events == ["request", "cancel"]
    with pytest.raises(Conflict, match="cancelled"):
        desk.approve(request)


@pytest.mark.parametrize(("who", "kind"), [(BOB, Refused), (GRACE, Refused), (CAROL, NotFound)])
def test_others_do_not_cancel(desk: ApprovalDesk, who: Caller, kind: type[Exception]) -> None:
    request = desk.file()
    with pytest.raises(kind):
        desk.request_decisions.cancel(request.id, "", origin(who))
    assert [event.detail["action"] for event in desk.journal.events] == ["Cancel"]


def test_an_approved_request_is_not_cancelled_but_given_back(desk: ApprovalDesk) -> None:
    request = desk.approve(desk.file())
    with pytest.raises(Conflict, match=naming(f"broker done {request.id}")):
        desk.request_decisions.cancel(request.id, "", origin(ALICE))
