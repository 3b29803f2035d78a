"""Grants that end: only what nothing else covers ends with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.core.domain.errors import ApprovalRequired, AwsUnavailable, Conflict, NotFound, Refused
from chalicelib.core.domain.times import rfc3339
from chalicelib.sessions.services.revoke import SessionRevoker
from tests.fakes.approval_desk import ALICE, BOB, CAROL, HEIDI, ApprovalDesk
from tests.fakes.core import FakeProvisioner, Ids, origin, refusals
from tests.unit.sessions.services.granting import desk, granted
from tests.wording import naming

if TYPE_CHECKING:
    from chalicelib.core.domain.sessions import Session

__all__ = ["desk"]


def test_im_done_ends_the_grant_and_its_sessions(desk: ApprovalDesk) -> None:
    request = granted(desk)
    session = desk.issue()
    over = desk.grant_ender.end(request.id, "done", origin(ALICE))
    assert (over.state(desk.clock()), over.ended_by) == ("ended", "alice")
    assert desk.ender.ended == [session.id]
    with pytest.raises(ApprovalRequired):
        desk.issue()
    assert desk.events == ["request", "decide", "end"]


def test_ending_one_grant_leaves_what_another_covers(desk: ApprovalDesk) -> None:
    first, second = granted(desk, hours=8), granted(desk, hours=4)
    session = desk.issue()
    assert session.grant == first.id
    desk.grant_ender.end(first.id, "", origin(ALICE))
    assert desk.ender.ended == []
    assert desk.issue().grant == second.id
    desk.grant_ender.end(second.id, "", origin(ALICE))
    assert set(desk.ender.ended) == set(desk.sessions.rows)


def test_a_grant_that_ends_before_the_session_does_not_cover_it(desk: ApprovalDesk) -> None:
    long = granted(desk, hours=8)
    granted(desk, hours=0.5)
    session = desk.issue()
    desk.grant_ender.end(long.id, "", origin(ALICE))
    assert desk.ender.ended == [session.id]


def test_of_all_the_sessions_a_grant_gave_only_those_that_may_be_alive_are_read_newest_first(
    desk: ApprovalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, issued = granted(desk, hours=8), []
    for _ in range(40):
        issued.append(desk.issue())
        desk.clock.now += timedelta(minutes=10)
    alive = [session.id for session in reversed(issued) if session.state(desk.clock()) == "active"]
    read: list[str] = []

    def get(session_id: str) -> Session:
        read.append(session_id)
        return desk.sessions.rows[session_id]

    monkeypatch.setattr(desk.sessions, "get", get)
    desk.grant_ender.end(request.id, "", origin(ALICE))
    assert desk.ender.ended == alive
    assert (len(alive), len(read)) == (5, 6)


def test_a_session_is_ended_to_its_last_second(desk: ApprovalDesk) -> None:
    request = granted(desk, hours=8)
    session = desk.issue()
    desk.clock.now = session.expires_at - timedelta(milliseconds=1)
    desk.grant_ender.end(request.id, "", origin(ALICE))
    assert desk.ender.ended == [session.id]


def test_ending_it_again_takes_up_what_was_left(desk: ApprovalDesk) -> None:
    request = granted(desk)
    session = desk.issue()
    desk.ender.fails_with = AwsUnavailable("IAM is slow")
    with pytest.raises(AwsUnavailable):
        desk.grant_ender.end(request.id, "", origin(ALICE))
    desk.ender.fails_with = None
    desk.grant_ender.end(request.id, "", origin(ALICE))
    assert desk.ender.ended == [session.id]
    assert desk.events.count("end") == 1


def test_the_sessions_of_a_grant_count_as_their_callers_own_whoever_ends_it(desk: ApprovalDesk) -> None:
    request = granted(desk)
    sessions = [desk.issue(), desk.issue()]
    provisioner = FakeProvisioner(answer={"used_percent": 1.0, "widened": []})
    ender = SessionRevoker(
        home="123456789012",
        rights=desk.grant_ender.approvers.rights,
        sessions=desk.sessions,
        provisioner=provisioner,
        journal=desk.journal,
        refusals=refusals(desk.journal, desk.clock),
        clock=desk.clock,
        new_id=Ids(),
    )
    replace(desk.grant_ender, ender=ender).end(request.id, "", origin(ALICE))
    assert [desk.sessions.rows[one.id].state(desk.clock()) for one in sessions] == ["revoked", "revoked"]
    assert [(order["action"], order["own"]) for order in provisioner.orders] == [("revoke_session", "alice")] * 2


def test_a_session_whose_grant_ended_meanwhile_is_not_handed_out(desk: ApprovalDesk) -> None:
    request = granted(desk)
    record = desk.sessions.record

    def late(session: object, event: object) -> None:
        desk.grant_ender.end(request.id, "", origin(ALICE))
        record(session, event)  # type: ignore[arg-type]

    desk.sessions.record = late  # type: ignore[method-assign]
    with pytest.raises(Refused):
        desk.issue()
    assert desk.sessions.rows == {}
    assert desk.journal.events[-1].type == "refuse"


def test_responders_end_grants_and_others_do_not(desk: ApprovalDesk) -> None:
    request = granted(desk)
    for who, answer in ((BOB, Refused), (CAROL, NotFound)):
        with pytest.raises(answer):
            desk.grant_ender.end(request.id, "", origin(who))
        assert desk.journal.events[-1].detail["grant"] == request.id
    assert desk.grant_ender.end(request.id, "key leaked", origin(HEIDI)).ended_by == "heidi"


def test_a_grant_that_may_not_be_seen_is_answered_as_one_that_does_not_exist(desk: ApprovalDesk) -> None:
    request = granted(desk)
    answers = []
    for grant_id in (request.id, "0" * 26):
        with pytest.raises(NotFound) as absent:
            desk.grant_ender.end(grant_id, "", origin(CAROL))
        answers.append(absent.value.detail.replace(grant_id, "ID"))
    assert answers[0] == answers[1]


def test_a_grant_that_ran_out_has_nothing_to_end(desk: ApprovalDesk) -> None:
    request = granted(desk, hours=1)
    desk.hours_pass(1)
    with pytest.raises(Conflict, match=naming(rfc3339(desk.clock()))):
        desk.grant_ender.end(request.id, "", origin(ALICE))
    with pytest.raises(NotFound):
        desk.grant_ender.end(desk.file().id, "", origin(ALICE))


def test_a_grant_that_somebody_else_writes_down_in_the_same_moment_does_not_count(desk: ApprovalDesk) -> None:
    request = granted(desk, hours=1)
    desk.hours_pass(2)
    grant = desk.grants.get(request)
    assert grant
    desk.grants.before_write = lambda: desk.overdue_closer.grant(grant)
    assert desk.overdue_closer.run() == (0, 0)
    assert desk.events == ["request", "decide", "expire"]


def test_what_ran_out_is_told_once(desk: ApprovalDesk) -> None:
    granted(desk, hours=1)
    desk.file()
    desk.hours_pass(25)
    assert desk.overdue_closer.run() == (1, 1)
    assert desk.overdue_closer.run() == (0, 0)
    assert desk.events == ["request", "decide", "request", "expire", "expire"]
    assert {event.origin.caller.name for event in desk.requests.events[-2:]} == {"alice"}
