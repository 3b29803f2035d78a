"""The revocation list of a role and the policy it becomes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.ids import new_id
from chalicelib.sessions.domain.revocation import (
    DATED_WITHIN,
    MAX_INLINE_CHARACTERS,
    SINGLE_SESSIONS_SHARE,
    Cutoff,
    RoleRevocations,
    characters,
    compact_length,
    policy_document,
)
from tests.wording import naming

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EMPTY = RoleRevocations("ec2-full")
ROOM = MAX_INLINE_CHARACTERS


def session_ids(count: int) -> list[str]:
    return [new_id(NOW, number.to_bytes(10, "big")) for number in range(count)]


def test_sessions_are_denied_by_their_session_tag_in_one_statement() -> None:
    listed = EMPTY.with_session("b", NOW + HOUR, ROOM).with_session("a", NOW + HOUR, ROOM)
    assert policy_document(listed)["Statement"] == [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/access-broker:session": ["a", "b"]}},
        },
    ]


def test_a_caller_is_denied_by_source_identity_for_what_was_issued_until_then() -> None:
    statement = policy_document(EMPTY.with_caller("alice", Cutoff(NOW, NOW + HOUR), ROOM))["Statement"][0]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceIdentity": "alice"},
        "DateLessThan": {"aws:TokenIssueTime": "2026-11-23T12:00:00.000Z"},
    }


def test_a_role_is_denied_by_issue_time_and_single_entries_make_way() -> None:
    [old] = session_ids(1)
    listed = EMPTY.with_session(old, NOW + HOUR, ROOM).with_everyone(Cutoff(NOW + HOUR, NOW + 2 * HOUR), ROOM)
    statements = policy_document(listed)["Statement"]
    assert [one["Condition"] for one in statements] == [
        {"DateLessThan": {"aws:TokenIssueTime": "2026-11-23T13:00:00.000Z"}}
    ]


def test_revoking_a_session_twice_changes_nothing() -> None:
    once = EMPTY.with_session("a", NOW + HOUR, ROOM)
    assert once.with_session("a", NOW + HOUR, ROOM) == once


def test_a_session_revoked_again_keeps_its_later_end() -> None:
    again = EMPTY.with_session("a", NOW + HOUR, ROOM).with_session("a", NOW, ROOM)
    assert again.sessions == {"a": NOW + HOUR}


def filled(room: int) -> RoleRevocations:
    """A list that takes no other session."""
    listed = EMPTY
    for session_id in session_ids(400):
        try:
            listed = listed.with_session(session_id, NOW + HOUR, room)
        except Conflict:
            return listed
    raise AssertionError("400 sessions should never fit")


@given(st.integers(0, 6_000))
def test_a_full_list_refuses_and_names_the_coarser_way_and_what_it_holds_always_fits(taken: int) -> None:
    room = MAX_INLINE_CHARACTERS - taken
    listed = filled(room)
    with pytest.raises(Conflict, match=naming("broker revoke --role ec2-full")):
        listed.with_session("0" * 26, NOW + HOUR, room)
    assert len(listed.sessions) > 80
    most = room * SINGLE_SESSIONS_SHARE
    assert most - 30 < compact_length(policy_document(listed)) <= most


def test_a_full_list_still_takes_the_coarser_way() -> None:
    listed = filled(ROOM)
    with pytest.raises(Conflict):
        listed.with_session(session_ids(400)[-1], NOW + HOUR, ROOM)
    assert characters(listed.with_everyone(Cutoff(NOW + DATED_WITHIN, NOW + HOUR), 200)) < 200


def test_a_role_is_cut_off_now_and_entries_that_aws_may_have_dated_later_stay() -> None:
    old, young = new_id(NOW - DATED_WITHIN, b"0" * 10), new_id(NOW - DATED_WITHIN / 2, b"1" * 10)
    listed = EMPTY.with_sessions({old: NOW + HOUR, young: NOW + HOUR}, ROOM)
    cut = listed.with_everyone(Cutoff(NOW, NOW + HOUR), ROOM)
    assert (set(cut.sessions), cut.everyone) == ({young}, Cutoff(NOW, NOW + HOUR))


def test_entries_that_stay_and_do_not_fit_beside_the_cutoff_are_said() -> None:
    listed = EMPTY.with_session(new_id(NOW, b"1" * 10), NOW + HOUR, ROOM)
    with pytest.raises(Conflict) as full:
        listed.with_everyone(Cutoff(NOW, NOW + HOUR), 300)
    assert "broker revoke" not in str(full.value)  # there is no coarser way than this one


def test_callers_are_refused_when_the_list_is_full() -> None:
    with pytest.raises(Conflict, match=naming("ec2-full")):
        EMPTY.with_caller("alice", Cutoff(NOW, NOW + HOUR), 100)


def test_pruning_drops_exactly_what_has_expired() -> None:
    listed = (
        EMPTY.with_everyone(Cutoff(NOW, NOW + 2 * HOUR), ROOM)
        .with_session("gone", NOW, ROOM)
        .with_session("alive", NOW + HOUR, ROOM)
        .with_caller("alice", Cutoff(NOW - HOUR, NOW), ROOM)
        .with_caller("bob", Cutoff(NOW, NOW + HOUR), ROOM)
    )
    pruned = listed.pruned(NOW + DATED_WITHIN)
    assert (set(pruned.sessions), set(pruned.callers)) == ({"alive"}, {"bob"})
    assert pruned.everyone
    assert pruned.pruned(NOW + 2 * HOUR + DATED_WITHIN).empty


def test_an_entry_stays_as_long_as_aws_may_let_the_session_live() -> None:
    listed = EMPTY.with_session("a", NOW, ROOM)
    assert not listed.pruned(NOW + DATED_WITHIN - timedelta(milliseconds=1)).empty
    assert listed.pruned(NOW + DATED_WITHIN).empty


def test_white_space_does_not_count_as_iam_counts() -> None:
    assert compact_length({"a": "b c"}) == len('{"a":"bc"}')


minutes = st.integers(0, 120).map(lambda count: NOW + timedelta(minutes=count))
cutoffs = st.builds(lambda one, other: Cutoff(min(one, other), max(one, other)), minutes, minutes)
entries = st.one_of(
    st.tuples(st.just("session"), st.integers(0, 9), minutes),
    st.tuples(st.just("caller"), st.sampled_from(["alice", "bob"]), cutoffs),
    st.tuples(st.just("everyone"), st.none(), cutoffs),
)
SESSIONS = session_ids(10)


def denied(listed: RoleRevocations, name: str, caller: str, dated: datetime, now: datetime) -> bool:
    """Whether a session that AWS dated so is denied once the list was pruned."""
    left = listed.pruned(now)
    of_caller = left.callers.get(caller)
    cut = [one for one in (of_caller, left.everyone) if one and dated < one.before]
    return name in left.sessions or bool(cut)


@given(st.lists(entries, max_size=6), entries, st.sampled_from(SESSIONS), st.sampled_from(["alice", "bob"]), minutes)
def test_no_entry_brings_back_what_another_ended(
    before: list[tuple[str, object, object]], last: tuple[str, object, object], name: str, caller: str, now: datetime
) -> None:
    def added(listed: RoleRevocations, entry: tuple[str, Any, Any]) -> RoleRevocations:
        kind, what, when = entry
        if kind == "session":
            return listed.with_session(SESSIONS[what], when, ROOM)
        return listed.with_caller(what, when, ROOM) if kind == "caller" else listed.with_everyone(when, ROOM)

    listed = EMPTY
    for entry in before:
        listed = added(listed, entry)
    for dated in (NOW, NOW + DATED_WITHIN / 2):
        if denied(listed, name, caller, dated, now):
            assert denied(added(listed, last), name, caller, dated, now)


def test_single_sessions_leave_room_to_cut_callers_off() -> None:
    full = filled(ROOM)
    for number in range(10):
        full = full.with_caller(f"caller-{number}", Cutoff(NOW, NOW + HOUR), ROOM)
    assert len(full.callers) == 10
