"""Taking back: who may, what it ends, and that nothing of it goes untold."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.services.rights import Rights
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import (
    AccountUnreachable,
    AuditUnavailable,
    AwsUnavailable,
    Conflict,
    NotFound,
    ReasonRequired,
    Refused,
)
from chalicelib.core.domain.roles import Role
from chalicelib.sessions.domain.revocation_record import Revocation
from chalicelib.sessions.services.revoke import SessionRevoker
from tests.fakes.core import (
    ALICE,
    CAROL,
    EC2,
    NOW,
    Clock,
    FakeCatalogue,
    FakeJournal,
    FakeProvisioner,
    Ids,
    origin,
    refusals,
)
from tests.fakes.sessions import FakeSessions, session
from tests.wording import names

RITA = Caller("user", "rita", "arn:aws:iam::123456789012:user/rita", "123456789012", "AIDA7", ("responders",))
OLGA = Caller("user", "olga", "arn:aws:iam::123456789012:user/olga", "123456789012", "AIDA8", ("owners",))
S3 = Role("s3-read", "arn:aws:iam::123456789012:role/access-broker/s3-read", max_session_seconds=7200)
POLICIES = """
@id("seen") permit (principal, action == Broker::Action::"SeeRole", resource);
@id("responders") permit (principal in Broker::Group::"responders", action == Broker::Action::"Revoke", resource);
@id("owners") @reason("required")
permit (principal in Broker::Group::"owners", action == Broker::Action::"Revoke", resource == Broker::Role::"ec2-full");
"""


DONE: dict[str, Any] = {"used_percent": 1.0, "widened": []}


@dataclass
class Desk:
    """A revoking service and everything it touches."""

    sessions: FakeSessions = field(default_factory=FakeSessions)
    provisioner: FakeProvisioner = field(default_factory=lambda: FakeProvisioner(answer=DONE))
    journal: FakeJournal = field(default_factory=FakeJournal)
    clock: Clock = field(default_factory=Clock)
    roles: dict[str, Role] = field(default_factory=lambda: {EC2.name: EC2, S3.name: S3})

    @property
    def service(self) -> SessionRevoker:
        catalogue = FakeCatalogue(self.roles)
        return SessionRevoker(
            home="123456789012",
            rights=Rights(rules=load_rules({"a.cedar": POLICIES}), catalogue=catalogue, clock=self.clock),
            sessions=self.sessions,
            provisioner=self.provisioner,
            journal=self.journal,
            refusals=refusals(self.journal, self.clock),
            clock=self.clock,
            new_id=Ids(),
        )

    def end(self, scope: str) -> Revocation:
        """End alice, or the role she is on."""
        if scope == "caller":
            return self.service.end_caller("alice", "", origin(RITA))
        return self.service.end_role("ec2-full", "", origin(RITA))

    def events(self) -> list[dict[str, Any]]:
        """The events that ride with the orders."""
        return [json.loads(order["event"]) for order in self.provisioner.orders]


@pytest.fixture
def desk() -> Desk:
    return Desk()


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


def test_a_caller_is_ended_on_every_role_and_others_are_left_alone(desk: Desk) -> None:
    one, two, bobs = session(1), session(2, role="s3-read"), session(3, CAROL)
    desk.sessions.add(one, two, bobs)
    revocation = desk.service.end_caller("alice", "gone", origin(RITA))
    assert (revocation.roles, set(revocation.sessions)) == (("ec2-full", "s3-read"), {one.id, two.id})
    assert {(order["role"], order["source_identity"]) for order in desk.provisioner.orders} == {
        ("ec2-full", "alice"),
        ("s3-read", "alice"),
    }
    assert desk.sessions.rows[bobs.id].revoked_at is None
    assert {event["detail"]["revocation"] for event in desk.events()} == {revocation.id}
    assert sorted(found for event in desk.events() for found in event["detail"]["sessions"]) == sorted([one.id, two.id])


def test_whoever_may_end_the_grant_ends_its_sessions_though_they_are_anothers(desk: Desk) -> None:
    alices = session()
    desk.sessions.add(alices)
    desk.service.end_with_grant(alices, "done", origin(CAROL))
    assert desk.sessions.rows[alices.id].revoked_at
    assert [(event["caller"]["name"], event["session"]) for event in desk.events()] == [("carol", alices.id)]


def test_a_session_the_index_showed_late_is_ended_too(desk: Desk) -> None:
    early, late = session(1), session(2, role="s3-read")
    desk.sessions.add(early, late).hidden_at_first = {late.id}
    assert set(desk.service.end_caller("alice", "", origin(RITA)).sessions) == {early.id, late.id}


def test_one_role_that_fails_does_not_spare_the_others_and_the_failure_is_answered(desk: Desk) -> None:
    one, two = session(1), session(2, role="s3-read")
    desk.sessions.add(one, two)
    desk.provisioner.fails["revoke_caller", "ec2-full"] = AwsUnavailable("away")
    with pytest.raises(AwsUnavailable):
        desk.service.end_caller("alice", "", origin(RITA))
    assert desk.sessions.rows[two.id].revoked_at
    assert desk.sessions.rows[one.id].revoked_at is None


def test_each_account_out_of_reach_is_named_in_the_answer(desk: Desk) -> None:
    one, two, three = session(1), session(2, role="s3-read"), session(3, role="tool")
    desk.sessions.add(one, two, three)
    for role, account in (("ec2-full", "111111111111"), ("s3-read", "222222222222")):
        desk.provisioner.fails["revoke_caller", role] = AccountUnreachable(account, "AccessDenied")
    with pytest.raises(AwsUnavailable) as failure:
        desk.service.end_caller("alice", "", origin(RITA))
    assert names(failure.value.detail, "111111111111", "222222222222")
    assert failure.value.retry_after == 900
    assert desk.sessions.rows[three.id].revoked_at


def test_ending_a_caller_needs_the_right_over_the_whole_broker_unless_it_is_oneself(desk: Desk) -> None:
    desk.sessions.add(session())
    with pytest.raises(Refused):
        desk.service.end_caller("alice", "x", origin(OLGA))
    assert desk.service.end_caller("alice", "", origin(ALICE)).sessions


def test_a_role_is_ended_for_as_long_as_its_longest_session_can_last(desk: Desk) -> None:
    one, other = session(1, role="s3-read"), session(2)
    desk.sessions.add(one, other)
    revocation = desk.service.end_role("s3-read", "", origin(RITA))
    order = desk.provisioner.orders[0]
    assert (order["action"], order["before"], order["until"]) == (
        "revoke_role",
        "2026-11-23T12:00:01.000Z",
        "2026-11-23T14:00:01.000Z",
    )
    assert revocation.sessions == (one.id,)
    assert desk.sessions.rows[other.id].revoked_at is None


def test_a_role_nobody_has_a_session_on_is_cut_off_all_the_same(desk: Desk) -> None:
    assert desk.service.end_role("s3-read", "", origin(RITA)).sessions == ()
    assert len(desk.provisioner.orders) == 1


@pytest.mark.parametrize("scope", ["caller", "role"])
def test_what_aws_may_have_dated_after_the_cutoff_gets_an_entry_of_its_own(desk: Desk, scope: str) -> None:
    old = session(1, issued_at=NOW - timedelta(seconds=14))
    young = session(2, issued_at=NOW - timedelta(seconds=13))
    desk.sessions.add(old, young)
    assert set(desk.end(scope).sessions) == {old.id, young.id}
    [order], [event] = desk.provisioner.orders, desk.events()
    assert order["before"] == event["detail"]["before"] == "2026-11-23T12:00:01.000Z"
    assert order["sessions"] == {young.id: "2026-11-23T12:59:47.000Z"}


@pytest.mark.parametrize("scope", ["caller", "role"])
def test_a_session_issued_after_the_call_is_left_alone(desk: Desk, scope: str) -> None:
    before, after = session(1), session(2, issued_at=NOW + timedelta(seconds=5))
    desk.sessions.add(before, after).hidden_at_first = {after.id}
    assert desk.end(scope).sessions == (before.id,)
    assert desk.provisioner.orders[-1]["before"] < "2026-11-23T12:00:05"
    assert after.id not in desk.provisioner.orders[-1]["sessions"]
    assert desk.sessions.rows[after.id].revoked_at is None


@pytest.mark.parametrize("scope", ["caller", "role"])
def test_a_session_on_its_way_that_the_index_showed_late_is_ended_too(desk: Desk, scope: str) -> None:
    early, late = session(1, issued_at=NOW - timedelta(minutes=1)), session(2)
    desk.sessions.add(early, late).hidden_at_first = {late.id}
    assert set(desk.end(scope).sessions) == {early.id, late.id}
    assert set(desk.provisioner.orders[-1]["sessions"]) == {late.id}
    assert desk.events()[-1]["detail"]["sessions"] == [late.id]


def test_a_caller_is_ended_for_as_long_as_a_session_the_index_did_not_show_can_last(desk: Desk) -> None:
    desk.sessions.add(session(expires_at=NOW + timedelta(minutes=15)))
    desk.service.end_caller("alice", "", origin(RITA))
    assert desk.provisioner.orders[0]["until"] == "2026-11-23T13:00:01.000Z"


def test_whoever_ends_a_caller_hears_which_roles_they_may_assume_without_the_broker(desk: Desk) -> None:
    desk.roles["by-name"] = replace(S3, name="by-name", direct_users=("bob", "alice"))
    desk.roles["by-arn"] = replace(S3, name="by-arn", direct_users=("arn:aws:iam::123456789012:user/eng/alice",))
    desk.roles["others"] = replace(S3, name="others", direct_users=("malice",))
    assert desk.service.end_caller("alice", "", origin(RITA)).direct_roles == ("by-arn", "by-name")
    assert desk.provisioner.orders == []


def test_ending_a_caller_is_on_record_though_nothing_was_found(desk: Desk) -> None:
    desk.roles["direct"] = replace(S3, name="direct", direct_users=("alice",))
    revocation = desk.service.end_caller("alice", "key leaked", origin(RITA))
    [event] = desk.journal.events
    assert (event.type, event.id, event.reason) == ("revoke", revocation.id, "key leaked")
    assert (event.detail["name"], event.detail["sessions"], event.detail["direct_roles"]) == ("alice", [], ("direct",))


def test_an_unknown_role_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.service.end_role("nothing", "", origin(RITA))
