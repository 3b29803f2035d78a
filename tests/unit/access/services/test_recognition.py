"""Where a caller's facts come from, how old they may be, and what confirms a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.access.domain.facts import FactsChanged, Marker, Suspended
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import AwsUnavailable, Refused
from tests.fakes.core import EC2, NOW
from tests.fakes.directory import ACCOUNT, FakeIam, FakeTable, recognition, role_facts, user_facts

ALICE = Caller("user", "alice", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT, "AIDA1")


def session(role: str, name: str, role_id: str = "AROA1") -> Caller:
    return Caller(
        "role", f"{role}/{name}", f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}", ACCOUNT, f"{role_id}:{name}"
    )


@pytest.fixture
def table() -> FakeTable:
    table = FakeTable(marker=Marker(seen_at=NOW))
    table.rows["AIDA1"] = user_facts("alice", "AIDA1", "engineers", team="web")
    return table


@pytest.fixture
def iam() -> FakeIam:
    return FakeIam({"alice": user_facts("alice", "AIDA1", "new-group")})


def test_with_a_fresh_directory_iam_is_not_asked(table: FakeTable, iam: FakeIam) -> None:
    table.clock.pass_seconds(120)
    found = recognition(table, iam).recognize(ALICE)
    assert (found.caller.groups, found.caller.tags, found.as_of, found.stale, iam.asked) == (
        ("engineers",), {"team": "web"}, NOW, False, 0
    )  # fmt: skip


def test_with_a_stale_one_iam_tells(table: FakeTable, iam: FakeIam) -> None:
    table.clock.pass_seconds(121)
    found = recognition(table, iam).recognize(ALICE)
    assert (found.caller.groups, found.as_of, found.stale) == (("new-group",), table.clock(), False)


def test_a_caller_whom_the_directory_does_not_have_yet_is_read_from_iam(table: FakeTable, iam: FakeIam) -> None:
    table.rows.clear()
    assert recognition(table, iam).recognize(ALICE).caller.groups == ("new-group",)


def test_while_iam_is_away_old_facts_count_until_their_greatest_age_and_say_how_old_they_are(
    table: FakeTable, iam: FakeIam
) -> None:
    iam.away = True
    asked = recognition(table, iam)
    table.clock.pass_seconds(900)
    found = asked.recognize(ALICE)
    assert (found.caller.groups, found.as_of, found.stale) == (("engineers",), NOW, True)
    table.clock.pass_seconds(1)
    with pytest.raises(AwsUnavailable):
        asked.recognize(ALICE)


def test_a_greatest_age_of_none_refuses_while_iam_is_away(table: FakeTable, iam: FakeIam) -> None:
    iam.away = True
    table.clock.pass_seconds(121)
    with pytest.raises(AwsUnavailable):
        recognition(table, iam, timedelta(0)).recognize(ALICE)


def test_an_unknown_caller_gets_nothing_while_iam_is_away(table: FakeTable, iam: FakeIam) -> None:
    iam.away = True
    table.rows.clear()
    with pytest.raises(AwsUnavailable):
        recognition(table, iam).recognize(ALICE)


def test_iam_is_not_waited_for_where_the_directory_function_just_found_it_away(table: FakeTable, iam: FakeIam) -> None:
    table.clock.pass_seconds(240)
    table.marker = Marker(seen_at=NOW, failed_at=table.clock() - timedelta(seconds=60))
    assert recognition(table, iam).recognize(ALICE).stale
    assert iam.asked == 0


def test_iam_is_asked_once_and_then_left_alone_for_a_moment(table: FakeTable, iam: FakeIam) -> None:
    iam.away = True
    asked = recognition(table, iam)
    table.clock.pass_seconds(300)
    for _ in range(3):
        asked.recognize(ALICE)
    assert iam.asked == 1
    iam.away = False
    table.clock.pass_seconds(11)
    assert asked.recognize(ALICE).caller.groups == ("new-group",)


def test_a_recreated_namesake_is_another_caller(table: FakeTable, iam: FakeIam) -> None:
    iam.put(user_facts("alice", "AIDA2", "admins"))
    new = replace(ALICE, unique_id="AIDA2")
    assert recognition(table, iam).recognize(new).caller.groups == ("admins",)
    table.rows.clear()
    with pytest.raises(Refused):
        recognition(table, iam).recognize(ALICE)


def test_a_suspended_caller_is_refused_whatever_else_is_known(table: FakeTable, iam: FakeIam) -> None:
    table.suspend(ALICE)
    with pytest.raises(Suspended):
        recognition(table, iam).recognize(ALICE)


@pytest.mark.parametrize("subject", ["AROA1", "AROA1:bob"])
def test_a_session_is_suspended_alone_or_with_its_role(table: FakeTable, iam: FakeIam, subject: str) -> None:
    table.rows["AROA1"] = role_facts("ci", "AROA1")
    table.suspend(session("ci", "bob"), subject)
    with pytest.raises(Suspended):
        recognition(table, iam).recognize(session("ci", "bob"))


PERMISSION_SET_ROLE = "AWSReservedSSO_Operators_0123456789abcdef"
OTHER_SET_ROLE = "AWSReservedSSO_Readers_fedcba9876543210"
SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def test_identity_centers_people_are_persons_in_the_group_of_their_permission_set(
    table: FakeTable, iam: FakeIam
) -> None:
    table.rows["AROA1"] = role_facts(PERMISSION_SET_ROLE, "AROA1", SSO)
    table.rows["AROA2"] = role_facts(OTHER_SET_ROLE, "AROA2", SSO)
    one = recognition(table, iam).recognize(session(PERMISSION_SET_ROLE, "dana@example.com")).caller
    other = recognition(table, iam).recognize(session(OTHER_SET_ROLE, "dana@example.com", "AROA2")).caller
    assert (one.name, one.unique_id, one.groups) == ("sso/dana@example.com", "sso/dana@example.com", ("sso/Operators",))
    assert (other.unique_id, other.groups) == (one.unique_id, ("sso/Readers",))


def test_a_role_that_only_looks_like_identity_centers_names_no_person(table: FakeTable, iam: FakeIam) -> None:
    table.rows["AROA1"] = role_facts(PERMISSION_SET_ROLE, "AROA1")
    found = recognition(table, iam).recognize(session(PERMISSION_SET_ROLE, "dana@example.com")).caller
    assert (found.name, found.groups) == (f"{PERMISSION_SET_ROLE}/dana@example.com", ())


def test_a_person_who_is_suspended_is_out_under_every_permission_set_and_others_are_not(
    table: FakeTable, iam: FakeIam
) -> None:
    table.rows["AROA1"] = role_facts(PERMISSION_SET_ROLE, "AROA1", SSO)
    table.rows["AROA2"] = role_facts(OTHER_SET_ROLE, "AROA2", SSO)
    table.suspend(session(PERMISSION_SET_ROLE, "dana"), "sso/dana")
    for role, role_id in ((PERMISSION_SET_ROLE, "AROA1"), (OTHER_SET_ROLE, "AROA2")):
        with pytest.raises(Suspended):
            recognition(table, iam).recognize(session(role, "dana", role_id))
    assert recognition(table, iam).recognize(session(PERMISSION_SET_ROLE, "emil")).caller.name == "sso/emil"


def test_sessions_of_a_role_named_as_persons_are_cannot_call(table: FakeTable, iam: FakeIam) -> None:
    table.rows["AROA1"] = role_facts("sso", "AROA1")
    with pytest.raises(Refused):
        recognition(table, iam).recognize(session("sso", "dana"))


@pytest.mark.parametrize(
    ("path", "brokered"), [("/access-broker/", True), ("/access-broker-workloads/", True), ("/ci/", False)]
)
def test_a_role_that_a_brokered_session_holds_or_makes_is_no_caller_of_its_own(
    table: FakeTable, iam: FakeIam, path: str, *, brokered: bool
) -> None:
    """A deployer chooses trust and tags of the roles it makes; a rule on tags would take it for any team."""
    table.rows["AROA1"] = role_facts("ci", "AROA1", path, team="payments")
    assert recognition(table, iam).recognize(session("ci", "a")).caller.brokered is brokered


def test_sessions_of_a_role_that_pins_their_name_are_persons_of_their_own(table: FakeTable, iam: FakeIam) -> None:
    table.rows["AROA1"] = role_facts("pinned-ci", "AROA1")
    table.rows["AROA2"] = role_facts("ci", "AROA2")
    asked = recognition(table, iam)
    assert asked.recognize(session("pinned-ci", "a")).caller.unique_id == "AROA1/a"
    assert asked.recognize(session("ci", "a", "AROA2")).caller.unique_id == "AROA2:a"


def test_a_guess_is_what_was_read_last_and_is_confirmed_by_reading_again(table: FakeTable, iam: FakeIam) -> None:
    table.roles["ec2-full"] = EC2
    asked = recognition(table, iam)
    asked.recognize(ALICE, "ec2-full")
    guessed, confirm = asked.guess(ALICE, "ec2-full")
    assert guessed.caller.groups == ("engineers",)
    confirm()


def change_group(table: FakeTable) -> None:
    table.rows["AIDA1"] = user_facts("alice", "AIDA1")


def change_role(table: FakeTable) -> None:
    table.roles["ec2-full"] = replace(EC2, quarantined=True)


@pytest.mark.parametrize("change", [change_group, change_role])
def test_a_guess_that_is_wrong_by_now_is_told_before_anything_leaves(table: FakeTable, iam: FakeIam, change) -> None:
    table.roles["ec2-full"] = EC2
    asked = recognition(table, iam)
    asked.recognize(ALICE, "ec2-full")
    change(table)
    _, confirm = asked.guess(ALICE, "ec2-full")
    with pytest.raises(FactsChanged):
        confirm()


def test_a_guess_about_a_suspended_caller_is_not_confirmed(table: FakeTable, iam: FakeIam) -> None:
    asked = recognition(table, iam)
    asked.recognize(ALICE, "")
    table.suspend(ALICE)
    _, confirm = asked.guess(ALICE, "")
    with pytest.raises(Suspended):
        confirm()


def test_what_was_read_a_while_ago_is_read_again_before_anything_leaves(table: FakeTable, iam: FakeIam) -> None:
    asked = recognition(table, iam)
    _, confirm = asked.guess(ALICE, "")
    table.suspend(ALICE)
    confirm()  # read a moment ago
    table.clock.pass_seconds(1.5)
    with pytest.raises(Suspended):
        confirm()
