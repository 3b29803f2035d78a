"""The revocation list of a role and the policy it becomes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Conflict
from chalicelib.domain.ids import new_id
from chalicelib.domain.revocation import (
    MAX_INLINE_CHARACTERS,
    Cutoff,
    RoleRevocations,
    characters,
    compact_length,
    policy_document,
)

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
    listed = EMPTY.with_session("a", NOW + HOUR, ROOM).with_everyone(Cutoff(NOW, NOW + HOUR))
    statements = policy_document(listed)["Statement"]
    assert [one["Condition"] for one in statements] == [
        {"DateLessThan": {"aws:TokenIssueTime": "2026-11-23T12:00:00.000Z"}}
    ]


def test_revoking_a_session_twice_changes_nothing() -> None:
    once = EMPTY.with_session("a", NOW + HOUR, ROOM)
    assert once.with_session("a", NOW + HOUR, ROOM) == once


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
    with pytest.raises(Conflict, match="broker revoke --role ec2-full"):
        listed.with_session("0" * 26, NOW + HOUR, room)
    assert len(listed.sessions) > 100
    assert room - 30 < compact_length(policy_document(listed)) <= room


def test_a_full_list_still_takes_the_coarser_way() -> None:
    listed = EMPTY
    for session_id in session_ids(300):
        listed = listed.with_session(session_id, NOW + HOUR, ROOM)
    assert characters(listed.with_everyone(Cutoff(NOW, NOW + HOUR))) < 200


def test_callers_are_refused_when_the_list_is_full() -> None:
    with pytest.raises(Conflict, match="is full"):
        EMPTY.with_caller("alice", Cutoff(NOW, NOW + HOUR), 100)


def test_pruning_drops_exactly_what_has_expired() -> None:
    listed = (
        EMPTY.with_everyone(Cutoff(NOW, NOW + 2 * HOUR))
        .with_session("gone", NOW, ROOM)
        .with_session("alive", NOW + HOUR, ROOM)
        .with_caller("alice", Cutoff(NOW - HOUR, NOW), ROOM)
        .with_caller("bob", Cutoff(NOW, NOW + HOUR), ROOM)
    )
    pruned = listed.pruned(NOW)
    assert (set(pruned.sessions), set(pruned.callers)) == ({"alive"}, {"bob"})
    assert pruned.everyone
    assert pruned.pruned(NOW + 2 * HOUR).empty


def test_white_space_does_not_count_as_iam_counts() -> None:
    assert compact_length({"a": "b c"}) == len('{"a":"bc"}')
