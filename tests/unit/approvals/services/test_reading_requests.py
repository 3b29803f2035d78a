"""Requests as they are read: by whom, and what of it is recorded."""

from __future__ import annotations

import pytest

from chalicelib.approvals.domain.requests import RequestFilter
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import NotFound
from tests.fakes.approval_desk import ALICE, BOB, BOT, CAROL, GRACE, HEIDI, ApprovalDesk
from tests.fakes.core import origin


@pytest.fixture
def desk() -> ApprovalDesk:
    return ApprovalDesk()


@pytest.mark.parametrize(
    ("who", "seen"), [(ALICE, True), (BOB, True), (GRACE, True), (BOT, True), (CAROL, False), (HEIDI, False)]
)
def test_a_request_is_seen_by_its_people_its_approvers_and_the_auditors(
    desk: ApprovalDesk, who: Caller, *, seen: bool
) -> None:
    request = desk.file()
    page = desk.reading.page(RequestFilter(), 10, None, origin(who))
    assert bool(page.items) == seen
    if seen:
        assert desk.reading.one(request.id, origin(who)) == request
        return
    with pytest.raises(NotFound):
        desk.reading.one(request.id, origin(who))


def test_a_read_of_a_request_of_others_leaves_a_record(desk: ApprovalDesk) -> None:
    request, before = desk.file(), len(desk.journal.events)
    with pytest.raises(NotFound):
        desk.reading.one(request.id, origin(CAROL))
    desk.reading.page(RequestFilter(caller="alice"), 10, None, origin(CAROL))
    read, listed = desk.journal.events[before:]
    assert (read.type, read.role, read.detail["name"]) == ("refuse", "prod", request.id)
    assert (listed.type, listed.detail["name"]) == ("refuse", "alice")


def test_reads_of_requests_that_one_sees_or_that_are_not_there_leave_none(desk: ApprovalDesk) -> None:
    request, before = desk.file(), len(desk.journal.events)
    desk.reading.one(request.id, origin(BOB))
    with pytest.raises(NotFound):
        desk.reading.one("0" * 26, origin(CAROL))
    for who, wanted in ((BOB, "alice"), (GRACE, "alice"), (CAROL, "dave"), (CAROL, "carol"), (CAROL, "")):
        desk.reading.page(RequestFilter(caller=wanted), 10, None, origin(who))
    assert len(desk.journal.events) == before


def test_who_asks_for_others_finds_what_they_asked_for_by_its_role(desk: ApprovalDesk) -> None:
    request = desk.file(BOT, on_behalf_of="alice")
    for who in (ALICE, BOT, BOB, GRACE):
        assert desk.reading.page(RequestFilter(role="prod"), 10, None, origin(who)).items == (request,)
    assert desk.reading.page(RequestFilter(role="prod"), 10, None, origin(CAROL)).items == ()


def test_a_recreated_namesake_sees_nothing_of_the_old_one(desk: ApprovalDesk) -> None:
    request = desk.file()
    namesake = Caller("user", "alice", ALICE.arn, ALICE.account, "AIDANEW", ("engineers",))
    with pytest.raises(NotFound):
        desk.reading.one(request.id, origin(namesake))


def test_lists_say_expired_before_anybody_wrote_it_down(desk: ApprovalDesk) -> None:
    desk.file()
    desk.hours_pass(25)
    assert desk.reading.page(RequestFilter(state="pending"), 10, None, origin(ALICE)).items == ()
    assert len(desk.reading.page(RequestFilter(state="expired"), 10, None, origin(ALICE)).items) == 1
