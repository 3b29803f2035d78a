"""The limits of one person's requests, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.approvals.domain.filings import Crowded, FiledTooOften, Filings
from chalicelib.core.domain.ids import earliest, new_id
from tests.wording import naming

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def made(count: int, at: datetime = NOW) -> tuple[str, ...]:
    """The ids of so many requests, all of one instant."""
    return tuple(new_id(at, number.to_bytes(10)) for number in range(count))


def test_the_sixtieth_request_within_ten_minutes_is_the_last() -> None:
    Filings("alice", made(59)).check_rate(NOW)
    with pytest.raises(FiledTooOften, match=naming("60", "10 minutes")):
        Filings("alice", made(60)).check_rate(NOW)


def test_a_request_counts_for_ten_minutes() -> None:
    filings = Filings("alice", made(60))
    with pytest.raises(FiledTooOften):
        filings.check_rate(NOW + timedelta(minutes=10))
    filings.check_rate(NOW + timedelta(minutes=10, milliseconds=1))


def test_the_fiftieth_request_that_waits_is_the_last() -> None:
    with pytest.raises(Crowded, match="50"):
        Filings("alice").adding(["new"], made(50), NOW)
    assert Filings("alice").adding(["new"], made(49), NOW).ids == (*made(49), "new")


def test_what_waits_or_was_filed_within_ten_minutes_is_kept_once_and_all_else_leaves() -> None:
    old, waiting, [recent] = made(2, NOW - timedelta(hours=2)), made(1, NOW - timedelta(hours=1)), made(1)
    new = earliest(NOW + timedelta(seconds=1))
    filings = Filings("alice", (*old, *waiting, recent), version=7).adding([new], [*waiting, recent], NOW)
    assert filings == Filings("alice", (*waiting, recent, new), version=8)


def test_requests_of_one_moment_count_each_and_fit_together_or_not_at_all() -> None:
    assert Filings("alice").adding(["new", "newer"], made(48), NOW).ids == (*made(48), "new", "newer")
    with pytest.raises(Crowded, match="49"):
        Filings("alice").adding(["new", "newer"], made(49), NOW)
