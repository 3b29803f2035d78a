"""Taking one session back: who may, what it ends, and that nothing of it goes untold."""

from datetime import timedelta

import pytest

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import (
    AuditUnavailable,
    Conflict,
    NotFound,
    ReasonRequired,
)
from chalicelib.core.domain.roles import Role
from tests.fakes.core import (
    ALICE,
    CAROL,
    NOW,
    origin,
)
from tests.fakes.sessions import session
from tests.unit.sessions.services.revoking import DONE, OLGA, RITA, Desk, desk

__all__ = ["desk"]


def test_a_responder_ends_a_session_and_the_event_says_who_whose_and_why(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    ended, revocation = desk.service.end_session(alices.id, "leaked key", origin(RITA))
    assert ended.state(desk.clock()) == "revoked"
    assert desk.sessions.rows[alices.id].revoked_at == desk.clock()
    assert (revocation.roles, revocation.sessions) == (("ec2-full",), (alices.id,))
    order, event = desk.provisioner.orders[0], desk.events()[0]
    assert (order["action"], order["session"]) == ("revoke_session", alices.id)
    assert (event["type"], event["caller"]["name"], event["session"]) == ("revoke", "rita", alices.id)
    assert (event["reason"], event["policies"]) == ("leaked key", ["responders"])


def test_what_lies_in_another_account_is_not_said_to_be_revoked(desk: Desk) -> None:
    far = Role("far", "arn:aws:iam::999999999999:role/access-broker/far")
    there, here = session(2, role="far", role_arn=far.arn), session(1)
    desk.roles["far"] = far
    desk.sessions.add(there)
    desk.sessions.add(here)
    for end in (
        lambda: desk.service.end_session(there.id, "leak", origin(RITA)),
        lambda: desk.service.end_role("far", "leak", origin(RITA)),
        lambda: desk.service.end_caller("alice", "leak", origin(RITA)),
    ):
        with pytest.raises(Conflict, match="account 999999999999"):
            end()
    assert desk.sessions.rows[there.id].revoked_at is None
    assert desk.sessions.rows[here.id].revoked_at
    assert {(order["action"], order["role"]) for order in desk.provisioner.orders} == {("revoke_caller", "ec2-full")}
    assert len(desk.provisioner.orders) == 1


def test_everybody_may_end_their_own_session(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    ended, _ = desk.service.end_session(alices.id, "", origin(ALICE))
    assert ended.revoked_at
    assert desk.events()[0]["policies"] == []


def test_a_recreated_namesake_does_not_own_the_old_users_session(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    namesake = Caller("user", "alice", ALICE.arn, ALICE.account, "AIDA-NEW", ALICE.groups)
    with pytest.raises(NotFound):
        desk.service.end_session(alices.id, "", origin(namesake))


def test_who_may_not_is_refused_and_the_refusal_recorded_and_nothing_done(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    with pytest.raises(NotFound, match=alices.id) as answered:
        desk.service.end_session(alices.id, "spite", origin(CAROL))
    assert alices.role not in answered.value.detail
    refused = desk.journal.events[0]
    assert (refused.type, refused.session, refused.detail["action"]) == ("refuse", alices.id, "Revoke")
    assert refused.detail["code"] == "not_allowed"
    assert (desk.provisioner.orders, desk.sessions.rows[alices.id].revoked_at) == ([], None)


def test_a_rule_that_asks_for_a_reason_gets_one(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    with pytest.raises(ReasonRequired):
        desk.service.end_session(alices.id, "", origin(OLGA))
    assert desk.service.end_session(alices.id, "leaver", origin(OLGA))[0].revoked_at


def test_an_unknown_session_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.service.end_session("0" * 26, "", origin(RITA))


@pytest.mark.parametrize("seconds", [0, 4000])
def test_ending_what_has_ended_changes_nothing_and_tells_nothing(desk: Desk, seconds: int) -> None:
    alices = session(revoked_at=None if seconds else desk.clock())
    desk.sessions.add(alices)
    desk.clock.pass_seconds(seconds)
    ended, revocation = desk.service.end_session(alices.id, "", origin(RITA))
    assert (ended, revocation.sessions) == (alices, ())
    assert desk.provisioner.orders == []


WIDENED = {"source_identity": "alice", "before": "2026-11-23T12:00:16.000Z"}


@pytest.mark.parametrize("scope", ["session", "caller", "role"])
def test_a_session_that_aws_may_still_let_live_is_ended_though_its_row_has_run_out(desk: Desk, scope: str) -> None:
    alices = session()
    desk.sessions.add(alices)
    desk.clock.pass_seconds(3600 + 10)
    if scope == "session":
        desk.service.end_session(alices.id, "", origin(RITA))
    else:
        desk.end(scope)
    assert desk.provisioner.orders
    assert desk.sessions.rows[alices.id].revoked_at


def test_others_that_end_for_lack_of_room_are_answered_shown_and_recorded(desk: Desk) -> None:
    asked, other = session(1, issued_at=NOW - timedelta(minutes=5)), session(2, issued_at=NOW - timedelta(minutes=4))
    late = session(3, issued_at=NOW - timedelta(minutes=3))
    uncertain, elsewhere, carols = (
        session(4, issued_at=NOW + timedelta(seconds=10)),
        session(5, role="s3-read"),
        session(6, CAROL),
    )
    desk.sessions.add(asked, other, late, uncertain, elsewhere, carols).hidden_at_first = {late.id}
    desk.provisioner.answer = {**DONE, "widened": [WIDENED]}
    ended, revocation = desk.service.end_session(asked.id, "leaked key", origin(RITA))
    assert ended.state(desk.clock()) == "revoked"
    assert (revocation.no_room, revocation.widened) == (True, ({"role": "ec2-full", **WIDENED},))
    assert set(revocation.sessions) == {asked.id, other.id, late.id}
    assert {one.id for one in desk.sessions.rows.values() if one.revoked_at} == {asked.id, other.id, late.id}
    because = desk.sessions.rows[other.id].revoked_because
    assert revocation.id in because
    assert "Take new credentials" in because
    assert desk.sessions.rows[asked.id].revoked_because == ""
    [event] = desk.journal.events
    assert (event.type, event.role, event.detail["revocation"]) == ("revoke", "ec2-full", revocation.id)
    assert (event.detail["sessions"], event.detail["widened"]) == (sorted([other.id, late.id]), [WIDENED])


def test_the_answer_to_ones_own_revocation_names_no_other_caller(desk: Desk) -> None:
    mine, carols = session(1), session(2, CAROL, issued_at=NOW - timedelta(minutes=5))
    desk.sessions.add(mine, carols)
    of_carol = {**WIDENED, "source_identity": "carol"}
    desk.provisioner.answer = {**DONE, "widened": [of_carol, WIDENED]}
    revocation = desk.service.end_session(mine.id, "", origin(ALICE))[1]
    assert revocation.sessions == (mine.id,)
    assert [one["source_identity"] for one in revocation.widened] == ["alice"]
    assert desk.sessions.rows[carols.id].revoked_at


def test_where_there_is_room_one_session_ends_alone_and_nothing_is_said_of_room(desk: Desk) -> None:
    one, other = session(1), session(2)
    desk.sessions.add(one, other)
    revocation = desk.service.end_session(one.id, "", origin(ALICE))[1]
    assert (revocation.no_room, revocation.widened) == (False, ())
    assert desk.sessions.rows[other.id].revoked_at is None
    assert desk.journal.events == []


def test_the_order_says_whose_session_it_is_and_if_its_owner_ends_it(desk: Desk) -> None:
    one, other = session(1), session(2)
    desk.sessions.add(one, other)
    desk.service.end_session(one.id, "", origin(ALICE))
    desk.service.end_session(other.id, "", origin(RITA))
    orders = [(order["source_identity"], order["own"]) for order in desk.provisioner.orders]
    assert orders == [("alice", "alice"), ("alice", "")]


def test_where_the_row_cannot_be_marked_it_is_said_and_repeating_helps(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    desk.sessions.fails_with = AuditUnavailable("away")
    with pytest.raises(AuditUnavailable):
        desk.service.end_session(alices.id, "", origin(RITA))
    desk.sessions.fails_with = None
    assert desk.service.end_session(alices.id, "", origin(RITA))[0].revoked_at
