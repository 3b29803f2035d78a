"""Taking back from a caller or a whole role: all that may be alive ends, and each failure is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.domain.errors import (
    AccountUnreachable,
    AwsUnavailable,
    NotFound,
    Refused,
)
from tests.fakes.core import (
    ALICE,
    CAROL,
    NOW,
    origin,
)
from tests.fakes.sessions import session
from tests.unit.sessions.services.revoking import OLGA, RITA, S3, Desk, desk
from tests.wording import names

__all__ = ["desk"]


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
