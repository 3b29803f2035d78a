"""The revocation list of a role and the policy it becomes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.domain.ids import new_id
from chalicelib.sessions.domain.revocation import DATED_WITHIN, Cutoff, RoleRevocations
from chalicelib.sessions.domain.revocation_policy import (
    POLICY_NAME,
    compact_length,
    is_revocation_policy,
    policy_document,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EMPTY = RoleRevocations("ec2-full")


def session_ids(count: int) -> list[str]:
    return [new_id(NOW, number.to_bytes(10, "big")) for number in range(count)]


def test_sessions_are_denied_by_the_end_of_their_session_tag_in_one_statement() -> None:
    one, two = session_ids(2)
    listed = EMPTY.with_session(two, NOW + HOUR, "bob").with_session(one, NOW + HOUR, "alice")
    assert policy_document(listed)["Statement"] == [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringLike": {"aws:PrincipalTag/access-broker:session": ["*00000000", "*00000001"]}},
        },
    ]


def test_callers_that_are_cut_off_at_the_same_time_share_a_statement() -> None:
    listed = EMPTY.with_caller("alice", Cutoff(NOW, NOW + HOUR)).with_caller("role=ci,*", Cutoff(NOW, NOW + HOUR))
    [statement] = policy_document(listed)["Statement"]
    assert statement["Condition"] == {
        "StringLike": {"aws:SourceIdentity": ["alice", "role=ci,*"]},
        "DateLessThan": {"aws:TokenIssueTime": "2026-11-23T12:00:00.000Z"},
    }


def test_callers_that_are_cut_off_at_different_times_do_not() -> None:
    listed = EMPTY.with_caller("alice", Cutoff(NOW, NOW + HOUR)).with_caller("bob", Cutoff(NOW + HOUR, NOW + HOUR))
    assert len(policy_document(listed)["Statement"]) == 2


def test_a_role_is_denied_by_issue_time_and_single_entries_make_way() -> None:
    [old] = session_ids(1)
    listed = EMPTY.with_session(old, NOW + HOUR).with_everyone(Cutoff(NOW + HOUR, NOW + 2 * HOUR))
    statements = policy_document(listed)["Statement"]
    assert [one["Condition"] for one in statements] == [
        {"DateLessThan": {"aws:TokenIssueTime": "2026-11-23T13:00:00.000Z"}}
    ]


def test_revoking_a_session_twice_changes_nothing() -> None:
    once = EMPTY.with_session("a", NOW + HOUR, "alice")
    assert once.with_session("a", NOW + HOUR, "alice") == once


def test_a_session_revoked_again_keeps_its_later_end() -> None:
    again = EMPTY.with_session("a", NOW + HOUR).with_session("a", NOW)
    assert again.sessions == {"a": NOW + HOUR}


def test_a_role_is_cut_off_now_and_entries_that_aws_may_have_dated_later_stay() -> None:
    old, young = new_id(NOW - DATED_WITHIN - timedelta(seconds=1), b"0" * 10), new_id(NOW - DATED_WITHIN / 2, b"1" * 10)
    listed = EMPTY.with_sessions({old: NOW + HOUR, young: NOW + HOUR}, "alice")
    cut = listed.with_everyone(Cutoff(NOW, NOW + HOUR))
    assert (set(cut.sessions), set(cut.owners), cut.everyone) == ({young}, {young}, Cutoff(NOW, NOW + HOUR))


def test_a_caller_cut_off_again_keeps_the_later_times() -> None:
    early, late = Cutoff(NOW, NOW + 2 * HOUR), Cutoff(NOW + HOUR, NOW + HOUR)
    for first, second in ((early, late), (late, early)):
        twice = EMPTY.with_caller("alice", first).with_caller("alice", second)
        assert twice.callers == {"alice": Cutoff(NOW + HOUR, NOW + 2 * HOUR)}


def test_a_cut_off_of_the_role_takes_the_callers_it_covers_with_it_for_as_long_as_they_need() -> None:
    covered, same, later = (
        Cutoff(NOW, NOW + 3 * HOUR),
        Cutoff(NOW + HOUR, NOW + HOUR),
        Cutoff(NOW + 2 * HOUR, NOW + HOUR),
    )
    listed = EMPTY.with_caller("alice", covered).with_caller("bob", same).with_caller("eve", later)
    cut = listed.with_everyone(Cutoff(NOW + HOUR, NOW + 2 * HOUR))
    assert (cut.callers, cut.everyone) == ({"eve": later}, Cutoff(NOW + HOUR, NOW + 3 * HOUR))


WRITTEN = [
    EMPTY.with_session(new_id(NOW, b"1" * 10), NOW + HOUR, "alice"),
    EMPTY.with_caller("alice", Cutoff(NOW, NOW + HOUR)),
    EMPTY.with_everyone(Cutoff(NOW, NOW + HOUR)),
]


@pytest.mark.parametrize("listed", WRITTEN, ids=["session", "caller", "role"])
def test_what_the_broker_writes_is_known_as_its_own_and_nothing_else_is(listed: RoleRevocations) -> None:
    document = policy_document(listed)
    assert document["Version"] == "2012-10-17"
    assert is_revocation_policy(document)
    [statement] = document["Statement"]
    other_condition = {"StringLike": {"aws:PrincipalTag/team": "web"}}
    changes: tuple[dict[str, Any], ...] = (
        {"Effect": "Allow"},
        {"Action": "s3:*"},
        {"Resource": "arn:x"},
        {"Sid": "Mine"},
        {"Condition": {}},
        {"Condition": None},
        {"Condition": other_condition},
        {"Condition": {"StringLike": "x"}},
        {"Condition": {"StringLike": ["aws:SourceIdentity"]}},
        {"Condition": ["StringLike"]},
        {"Condition": {**statement["Condition"], "Bool": {"aws:SecureTransport": "true"}}},
    )
    for change in changes:
        assert not is_revocation_policy({**document, "Statement": [{**statement, **change}]})
        assert not is_revocation_policy({**document, "Statement": [statement, {**statement, **change}]})
    assert not is_revocation_policy({"Version": "2012-10-17", "Statement": []})
    assert not is_revocation_policy({"Statement": [{key: statement[key] for key in ("Effect", "Action", "Resource")}]})


def test_policies_of_an_earlier_version_are_the_brokers_own() -> None:
    """Under the same name: it would leave another one on the roles, and never prune it."""
    assert POLICY_NAME == "access-broker-revocations"
    session = {"StringEquals": {"aws:PrincipalTag/access-broker:session": ["01k1"]}}
    caller = {"StringEquals": {"aws:SourceIdentity": "alice"}, "DateLessThan": {"aws:TokenIssueTime": "2026-11-23"}}
    shape = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert is_revocation_policy({"Statement": [{**shape, "Condition": one} for one in (session, caller)]})
    assert not is_revocation_policy(
        {"Statement": [{**shape, "Condition": {"StringLike": {"aws:TokenIssueTime": "x"}}}]}
    )


def test_callers_are_named_in_the_statement_of_their_own_time() -> None:
    listed = EMPTY.with_caller("alice", Cutoff(NOW, NOW + HOUR)).with_caller("bob", Cutoff(NOW + HOUR, NOW + HOUR))
    named = [one["Condition"]["StringLike"]["aws:SourceIdentity"] for one in policy_document(listed)["Statement"]]
    assert named == [["alice"], ["bob"]]


def test_pruning_drops_exactly_what_has_expired() -> None:
    listed = (
        EMPTY.with_everyone(Cutoff(NOW - HOUR, NOW + 2 * HOUR))
        .with_sessions({"gone": NOW, "alive": NOW + HOUR}, "carol")
        .with_caller("alice", Cutoff(NOW - HOUR, NOW))
        .with_caller("bob", Cutoff(NOW, NOW + HOUR))
    )
    pruned = listed.pruned(NOW + DATED_WITHIN)
    assert (set(pruned.sessions), set(pruned.owners), set(pruned.callers)) == ({"alive"}, {"alive"}, {"bob"})
    assert pruned.everyone
    assert pruned.pruned(NOW + 2 * HOUR + DATED_WITHIN).empty


def test_an_entry_stays_as_long_as_aws_may_let_the_session_live() -> None:
    listed = EMPTY.with_session("a", NOW)
    assert not listed.pruned(NOW + DATED_WITHIN - timedelta(milliseconds=1)).empty
    assert listed.pruned(NOW + DATED_WITHIN).empty


def test_white_space_does_not_count_as_iam_counts() -> None:
    assert compact_length({"a": "b c", "d": 1}) == len('{"a":"bc","d":1}')


minutes = st.integers(0, 120).map(lambda count: NOW + timedelta(minutes=count))
cutoffs = st.builds(lambda one, other: Cutoff(min(one, other), max(one, other)), minutes, minutes)
entries = st.one_of(
    st.tuples(st.just("session"), st.integers(0, 9), minutes),
    st.tuples(st.just("caller"), st.sampled_from(["alice", "bob"]), cutoffs),
    st.tuples(st.just("everyone"), st.none(), cutoffs),
)
SESSIONS = session_ids(10)


def denied(listed: RoleRevocations, name: str, caller: str, dated: datetime, now: datetime) -> bool:
    """True if a session that AWS dated so is denied once the list was pruned."""
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
            return listed.with_session(SESSIONS[what], when, "alice")
        return listed.with_caller(what, when) if kind == "caller" else listed.with_everyone(when)

    listed = EMPTY
    for entry in before:
        listed = added(listed, entry)
    for dated in (NOW, NOW + DATED_WITHIN / 2):
        if denied(listed, name, caller, dated, now):
            assert denied(added(listed, last), name, caller, dated, now)
