"""A request's states, and what moves it from one to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.approvals.domain.requests import (
    STATES,
    Decision,
    Request,
    RequestFilter,
    Word,
    answer_by,
    cancelled,
    decided,
    expired,
    outcome,
    repeats,
)
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.times import rfc3339
from tests.wording import names, naming

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ARN = "arn:aws:iam::123456789012:user/alice"
PENDING = Request("r1", "alice", "AIDA1", ARN, "prod", 3600, 2, "rule", NOW, NOW + 24 * HOUR)


def decision(by: str, word: Word = "approve", at: datetime = NOW + HOUR) -> Decision:
    return Decision(word, by, f"AIDA-{by}", at)


ENDS: dict[str, Callable[[], Request]] = {
    "approved": lambda: decided(decided(PENDING, decision("bob")), decision("eve", at=NOW + 2 * HOUR)),
    "denied": lambda: decided(PENDING, decision("bob", "deny")),
    "cancelled": lambda: cancelled(PENDING, NOW + HOUR),
    "expired": lambda: expired(PENDING),
}


def test_each_end_is_dated() -> None:
    ends = [(one.state, one.settled_at) for one in (end() for end in ENDS.values())]
    assert ends == [
        ("approved", NOW + 2 * HOUR),
        ("denied", NOW + HOUR),
        ("cancelled", NOW + HOUR),
        ("expired", PENDING.answer_by),
    ]
    assert list(STATES) == ["pending", *ENDS]


def test_every_change_is_a_version_more() -> None:
    assert [end().version for end in ENDS.values()] == [3, 2, 2, 2]


@pytest.mark.parametrize("end", ENDS)
def test_what_is_settled_stays(end: str) -> None:
    settled = ENDS[end]()
    with pytest.raises(Conflict, match=naming("r1")):
        decided(settled, decision("dora"))
    with pytest.raises(Conflict, match=naming("r1")):
        cancelled(settled, NOW)
    assert not settled.overdue(settled.answer_by)
    assert settled.state_at(settled.answer_by) == settled.state


@pytest.mark.parametrize(
    "change", [lambda at: decided(PENDING, decision("bob", at=at)), lambda at: cancelled(PENDING, at)]
)
def test_nothing_is_decided_or_cancelled_once_the_time_is_up(change) -> None:
    assert change(PENDING.answer_by - timedelta(seconds=1)).version == 2
    with pytest.raises(Conflict, match=naming("r1", "expired", rfc3339(PENDING.answer_by))):
        change(PENDING.answer_by)


def test_an_approver_counts_once() -> None:
    with pytest.raises(Conflict):
        decided(decided(PENDING, decision("bob")), decision("bob"))


@pytest.mark.parametrize(
    ("end", "named"),
    [
        ("approved", ("eve", rfc3339(NOW + 2 * HOUR))),
        ("denied", ("bob", rfc3339(NOW + HOUR))),
        ("cancelled", (rfc3339(NOW + HOUR),)),
        ("expired", (rfc3339(PENDING.answer_by),)),
    ],
)
def test_the_outcome_names_the_state_when_and_by_whom(end: str, named: tuple[str, ...]) -> None:
    settled = ENDS[end]()
    assert names(outcome(settled), "r1", end, *named)


def test_the_outcome_of_a_waiting_request_counts_the_answers() -> None:
    assert names(outcome(decided(PENDING, decision("bob"))), "r1", "1", "2")


def test_the_outcome_of_a_row_without_an_end_is_dated_by_its_filing() -> None:
    assert names(outcome(replace(PENDING, state="cancelled")), "cancelled", rfc3339(PENDING.filed_at))


def test_an_answer_helps_for_a_day_or_while_a_session_fits_into_the_planned_time() -> None:
    assert answer_by(NOW, None, HOUR) == NOW + 24 * HOUR
    assert answer_by(NOW, NOW + 48 * HOUR, HOUR) == NOW + 48 * HOUR + timedelta(minutes=45)


@pytest.mark.parametrize(
    "other", [{"role": "vault"}, {"duration_seconds": 1800}, {"reason": "x"}, {"caller_id": "AIDA2"}]
)
def test_another_wish_is_no_repetition(other: dict[str, object]) -> None:
    assert repeats(replace(PENDING, id="r2"), PENDING)
    assert not repeats(replace(PENDING, **other), PENDING)  # type: ignore[arg-type]


@pytest.mark.parametrize(("start", "same"), [(-HOUR, True), (timedelta(0), True), (HOUR, False)])
def test_a_start_that_is_over_means_at_once(start: timedelta, same: bool) -> None:  # noqa: FBT001
    assert repeats(replace(PENDING, not_before=NOW + start), PENDING) is same


@pytest.mark.parametrize(
    ("name", "arn", "kind"),
    [("alice", ARN, "user"), ("ci/run-1", "arn:aws:sts::123456789012:assumed-role/ci/run-1", "role")],
)
def test_the_person_is_known_from_the_row(name: str, arn: str, kind: str) -> None:
    person = replace(PENDING, caller=name, caller_arn=arn).requester
    assert (person.kind, person.name, person.arn, person.account, person.unique_id) == (
        kind, name, arn, "123456789012", "AIDA1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RequestFilter(), True),
        (RequestFilter("alice", "prod", "pending"), True),
        (RequestFilter(caller="bob"), False),
        (RequestFilter(role="vault"), False),
        (RequestFilter(state="expired"), False),
    ],
)
def test_every_member_of_a_filter_narrows_it(wanted: RequestFilter, *, found: bool) -> None:
    assert wanted.matches(PENDING, NOW) is found
