"""A revocation policy within its room: entries are widened from narrow to wide, and none is ever lost."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.domain.callers import Caller, source_identity
from chalicelib.core.domain.ids import new_id
from chalicelib.provisioning.domain import templates
from chalicelib.provisioning.domain.role_state import DENY_ALL
from chalicelib.sessions.domain.revocation import DATED_WITHIN, Cutoff, RoleRevocations
from chalicelib.sessions.domain.revocation_policy import characters, compact_length
from chalicelib.sessions.domain.revocation_room import (
    MAX_INLINE_CHARACTERS,
    OWN_SHARE,
    ROOM,
    Widening,
    fitted,
    principal,
    widenings,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EMPTY = RoleRevocations("ec2-full")


def ids(count: int, first: int = 0) -> list[str]:
    return [new_id(NOW, number.to_bytes(10, "big")) for number in range(first, first + count)]


def of(source: str, count: int, first: int = 0, listed: RoleRevocations = EMPTY) -> RoleRevocations:
    """The list with so many single sessions of a caller more."""
    return listed.with_sessions(dict.fromkeys(ids(count, first), NOW + HOUR), source)


def test_a_list_that_fits_stays_as_it_is() -> None:
    listed = of("alice", 20)
    assert fitted(listed, ROOM) == listed
    assert widenings(listed, fitted(listed, ROOM)) == ()


def test_a_template_a_quarantine_and_the_list_fit_into_iams_limit_together() -> None:
    assert templates.MAX_INLINE_CHARACTERS + compact_length(DENY_ALL) + ROOM <= MAX_INLINE_CHARACTERS


def test_the_caller_with_the_most_entries_is_folded_first_and_the_others_keep_theirs() -> None:
    exact = of("bob", 3, 1000, of("mallory", 400))
    listed = fitted(exact, ROOM)
    assert set(listed.callers) == {"mallory"}
    assert set(listed.sessions) == set(ids(3, 1000))
    [widened] = widenings(exact, listed)
    assert widened == Widening("mallory", NOW + DATED_WITHIN + timedelta(seconds=1))


def test_own_sessions_are_folded_at_half_the_room_so_that_the_rest_is_kept_for_administrators() -> None:
    exact = of("mallory", 170)
    assert ROOM * OWN_SHARE < characters(exact) < ROOM
    assert fitted(exact, ROOM) == exact
    assert set(fitted(exact, ROOM, own="mallory").callers) == {"mallory"}


def test_own_sessions_never_widen_what_others_have_on_the_list_before_the_room_is_full() -> None:
    exact = of("mallory", 5, 1000, of("alice", 170))
    listed = fitted(exact, ROOM, own="mallory")
    assert set(listed.sessions) >= set(ids(170))


def test_all_session_names_of_one_role_fold_into_one_pattern() -> None:
    listed = EMPTY
    for number in range(82):
        listed = fitted(of(f"role=ci,build-{number}", 5, number * 5, listed), ROOM, own=f"role=ci,build-{number}")
    assert set(listed.callers) == {"role=ci,*"}
    assert characters(listed) < ROOM * OWN_SHARE + 100


def test_people_of_identity_center_are_never_folded_together() -> None:
    people = [source_identity(Caller("role", f"sso/p{number}", "", "", f"sso/p{number}")) for number in range(3)]
    assert [principal(name) for name in people] == people
    listed = EMPTY
    for number, name in enumerate(people):
        listed = of(name, 120, number * 120, listed)
    assert set(fitted(listed, ROOM).callers) < set(people)


def test_callers_that_leave_no_room_are_cut_off_at_one_time() -> None:
    exact = EMPTY
    for number in range(40):
        cutoff = Cutoff(NOW + timedelta(seconds=number), NOW + HOUR)
        exact = exact.with_caller(f"person-{number}", cutoff)
    listed = fitted(exact, ROOM)
    assert {one.before for one in listed.callers.values()} == {NOW + timedelta(seconds=39)}
    assert set(listed.callers) == set(exact.callers)
    assert len(widenings(exact, listed)) == 39


def test_at_last_the_whole_role_is_cut_off_which_always_fits() -> None:
    exact = of("", 1)
    for number in range(300):
        exact = exact.with_caller(f"person-with-a-long-name-{number}", Cutoff(NOW, NOW + HOUR))
    listed = fitted(exact, ROOM)
    assert (listed.sessions, listed.callers, characters(listed) < 170) == ({}, {}, True)
    [widened] = widenings(exact, listed)
    assert widened.source_identity == ""
    assert listed.everyone
    assert listed.everyone.until - listed.everyone.before == timedelta(hours=12)  # IAM: the longest MaxSessionDuration


def test_sessions_that_an_earlier_version_listed_without_their_caller_end_with_the_role() -> None:
    exact = EMPTY.with_sessions(dict.fromkeys(ids(400), NOW + HOUR))
    assert fitted(exact, ROOM).everyone


def test_what_a_cut_off_ended_by_chance_stays_dead_as_long_as_it_could_live() -> None:
    short = EMPTY.with_sessions(dict.fromkeys(ids(400), NOW + timedelta(minutes=15)), "mallory")
    [cutoff] = fitted(short, ROOM).callers.values()
    assert cutoff.until >= cutoff.before + HOUR


@pytest.mark.parametrize("role", ["ci", "a,b", "r" * 46, "r" * 47, "r" * 55, "r" * 64])
@pytest.mark.parametrize("session", ["ab", "s" * 20, "s" * 64, "a,b,c"])
def test_the_pattern_of_a_principal_matches_its_own_source_identity(role: str, session: str) -> None:
    caller = Caller("role", f"{role}/{session}", "arn", "123456789012", "AROA:x")
    identity = source_identity(caller)
    assert Widening(principal(identity), NOW).names(identity)
    assert principal(principal(identity)) == principal(identity)


def test_single_sessions_that_a_cut_off_of_their_caller_covers_make_way() -> None:
    alices, bobs = ids(1), ids(1, 1)
    ended = RoleRevocations("ec2-full").with_sessions(dict.fromkeys(alices, NOW + 3 * HOUR), "alice")
    ended = ended.with_sessions(dict.fromkeys(bobs, NOW + HOUR), "bob")
    certain = NOW + DATED_WITHIN + timedelta(seconds=1)
    listed = fitted(ended.with_caller("alice", Cutoff(certain, NOW + HOUR)), ROOM)
    assert (set(listed.sessions), listed.callers) == ({*bobs}, {"alice": Cutoff(certain, NOW + 3 * HOUR)})
    uncertain = fitted(ended.with_caller("alice", Cutoff(certain - timedelta(seconds=1), NOW + HOUR)), ROOM)
    assert set(uncertain.sessions) == {*alices, *bobs}


def test_a_widening_covers_a_session_that_aws_dated_before_it_for_certain() -> None:
    [session] = ids(1)
    certain = NOW + DATED_WITHIN + timedelta(seconds=1)
    covering = Widening("alice", certain), Widening("", certain)
    assert all(one.covers("alice", session) for one in covering)
    assert [one.covers("bob", session) for one in covering] == [False, True]
    assert not Widening("alice", certain - timedelta(seconds=1)).covers("alice", session)


def test_a_later_cut_off_of_the_role_is_a_widening_and_the_same_is_none() -> None:
    early, late = EMPTY.with_everyone(Cutoff(NOW, NOW + HOUR)), EMPTY.with_everyone(Cutoff(NOW + HOUR, NOW + 2 * HOUR))
    assert widenings(early, late) == (Widening("", NOW + HOUR),)
    assert widenings(EMPTY, early) == (Widening("", NOW),)
    assert widenings(early, early) == ()
    assert widenings(late, early) == ()


def test_a_pattern_stays_as_it_is() -> None:
    assert principal("role=ci,*") == "role=ci,*"
    assert principal("role=ci,build-1") == "role=ci,*"


def test_a_list_as_long_as_its_room_fits() -> None:
    exact = of("alice", 20)
    assert fitted(exact, characters(exact)) == exact
    assert fitted(exact, characters(exact) - 1) != exact
    half = round(characters(exact) / OWN_SHARE)
    assert fitted(exact, half, own="alice") == exact
    assert fitted(exact, half - 2, own="alice") != exact


def test_no_two_users_fold_into_one() -> None:
    assert [principal(name) for name in ("alice", "user=role=ci", "user=a")] == ["alice", "user=role=ci", "user=a"]


def cut_off(*source_identities: str) -> RoleRevocations:
    """The list with so many callers and no single session."""
    listed = EMPTY
    for name in source_identities:
        listed = listed.with_caller(name, Cutoff(NOW, NOW + HOUR))
    return listed


def test_callers_of_one_role_fold_into_one_pattern_without_a_single_session_too() -> None:
    exact = cut_off(*(f"role=ci,a-long-name-of-a-build-{number}" for number in range(150)))
    assert set(fitted(exact, ROOM).callers) == {"role=ci,*"}


def test_callers_alone_are_cut_off_with_the_whole_role_where_they_have_no_room() -> None:
    listed = fitted(cut_off(*(f"person-with-a-long-name-{number}" for number in range(300))), ROOM)
    assert listed.everyone
    assert listed.callers == {}


def test_a_cut_off_of_the_whole_role_stays_as_it_is_whatever_the_room() -> None:
    everyone = EMPTY.with_everyone(Cutoff(NOW, NOW + HOUR))
    assert fitted(everyone, 10) == everyone
