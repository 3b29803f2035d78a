"""Broken glass: access at once, and a review that stays open until somebody else signs it off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.core.domain.errors import BrokerError, Conflict, NotFound, ReasonRequired, Refused
from tests.fakes.approval_desk import ALICE, BOB, CAROL, DAVE, RULES, ApprovalDesk
from tests.fakes.core import origin
from tests.wording import naming

if TYPE_CHECKING:
    from chalicelib.core.domain.callers import Caller


@pytest.fixture
def desk() -> ApprovalDesk:
    return ApprovalDesk()


def test_glass_breaks_where_a_rule_allows_it_and_says_so_everywhere(desk: ApprovalDesk) -> None:
    session = desk.issue(DAVE, break_glass=True, reason="database is down")
    assert (session.break_glass, session.unreviewed, session.policies) == (True, True, ("glass",))
    [event] = desk.sessions.events
    assert (event.type, event.reason, event.detail["break_glass"]) == ("issue", "database is down", True)


@pytest.mark.parametrize(
    ("who", "reason", "kind"), [(ALICE, "please", Refused), (CAROL, "please", Refused), (DAVE, "", ReasonRequired)]
)
def test_elsewhere_it_does_not(desk: ApprovalDesk, who: Caller, reason: str, kind: type[BrokerError]) -> None:
    with pytest.raises(kind):
        desk.issue(who, break_glass=True, reason=reason)
    assert desk.sessions.rows == {}
    assert desk.journal.events[-1].type == "refuse"


def test_a_grant_is_no_leave_to_break_glass(desk: ApprovalDesk) -> None:
    desk.approve(desk.file())
    with pytest.raises(Refused):
        desk.issue(break_glass=True)


def test_a_grant_gives_no_reason_for_breaking_glass(desk: ApprovalDesk) -> None:
    desk.approve(desk.file(DAVE, reason="deploy 1.2"))
    with pytest.raises(ReasonRequired):
        desk.issue(DAVE, break_glass=True, reason="")
    assert desk.issue(DAVE, break_glass=True, reason="database is down").grant == ""


def test_a_reviewer_signs_it_off_once(desk: ApprovalDesk) -> None:
    session = desk.issue(DAVE, break_glass=True)
    reviewed = desk.break_glass_review.review(session.id, "looked at every call", origin(BOB))
    assert (reviewed.reviewed_by, reviewed.review_comment, reviewed.unreviewed) == (
        "bob",
        "looked at every call",
        False,
    )
    assert list(desk.reviews.waiting()) == []
    [event] = desk.reviews.events
    assert (event.type, event.session, event.reason, event.detail["for"]) == (
        "review", session.id, "looked at every call", "dave",
    )  # fmt: skip
    with pytest.raises(Conflict, match=naming("bob")):
        desk.break_glass_review.review(session.id, "me too", origin(BOB))


def test_where_reviewers_owe_a_reason_their_comment_is_it() -> None:
    desk = ApprovalDesk(RULES.replace('@id("approve") permit', '@id("approve") @reason("required") permit'))
    session = desk.issue(DAVE, break_glass=True)
    assert desk.break_glass_review.review(session.id, "looked at every call", origin(BOB)).reviewed_by == "bob"


def test_nobody_reviews_themselves_whatever_the_rules_say(desk: ApprovalDesk) -> None:
    session = desk.issue(DAVE, break_glass=True)
    with pytest.raises(Refused):
        desk.break_glass_review.review(session.id, "fine", origin(DAVE))
    assert list(desk.reviews.waiting()) == [session.id]


def test_reviewing_needs_the_right_and_the_refusal_is_on_record(desk: ApprovalDesk) -> None:
    session = desk.issue(DAVE, break_glass=True)
    with pytest.raises(NotFound):
        desk.break_glass_review.review(session.id, "fine", origin(CAROL))
    assert desk.journal.events[-1].detail["session"] == session.id


def test_there_is_nothing_to_review_elsewhere(desk: ApprovalDesk) -> None:
    plain = desk.issue(role_name="tools")
    with pytest.raises(Conflict):
        desk.break_glass_review.review(plain.id, "fine", origin(BOB))
    with pytest.raises(NotFound):
        desk.break_glass_review.review("0" * 26, "fine", origin(BOB))


def test_glass_that_aws_did_not_let_break_needs_no_review(desk: ApprovalDesk) -> None:
    session = desk.issue(DAVE, break_glass=True)
    assert not replace(session, failed=True).unreviewed


def test_a_reviewer_finds_the_sessions_that_wait_and_no_other_person_does(desk: ApprovalDesk) -> None:
    session = desk.issue(DAVE, break_glass=True)
    desk.issue(role_name="tools")
    assert desk.break_glass_review.waiting(origin(BOB)) == (session,)
    assert desk.break_glass_review.waiting(origin(CAROL)) == ()
    assert desk.break_glass_review.waiting(origin(DAVE)) == ()
    desk.break_glass_review.review(session.id, "looked at every call", origin(BOB))
    assert desk.break_glass_review.waiting(origin(BOB)) == ()


def test_own_sessions_do_not_wait_for_oneself_even_with_the_right() -> None:
    desk = ApprovalDesk(
        RULES.replace(
            '@id("approve") permit (principal in Broker::Group::"approvers"', '@id("approve") permit (principal'
        )
    )
    session = desk.issue(DAVE, break_glass=True)
    assert desk.break_glass_review.waiting(origin(CAROL)) == (session,)
    assert desk.break_glass_review.waiting(origin(DAVE)) == ()
