"""Listing sessions by index, newest first, page by page: the table on moto, and the fake by the same contract."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.sessions import Session, SessionFilter
from chalicelib.sessions.aws.session_log import session_to_row
from chalicelib.sessions.aws.table import DAYS_AT_MOST, READ_AT_MOST, TableSessions
from tests.fakes.core import CAROL, NOW
from tests.fakes.sessions import FakeSessions, session

if TYPE_CHECKING:
    from collections.abc import Callable

Store = TableSessions | FakeSessions

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class RecordingClient:
    """DynamoDB's client that counts what it is asked."""

    def __init__(self) -> None:
        self.operations: list[str] = []
        client("dynamodb").meta.events.register("before-call.dynamodb", self._count)

    def _count(self, model: object, **_: object) -> None:
        self.operations.append(model.name)  # type: ignore[attr-defined]


@pytest.fixture
def table(account: None) -> TableSessions:
    return TableSessions(client("dynamodb"), "broker")


@pytest.fixture(params=["fake", "table"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "fake":
        return FakeSessions()
    table: TableSessions = request.getfixturevalue("table")
    return table


def put(store: Store, *sessions: Session) -> None:
    if isinstance(store, FakeSessions):
        store.add(*sessions)
        return
    for one in sessions:
        client("dynamodb").put_item(TableName="broker", Item=rows.to_item(session_to_row(one)))


def anything(_session: Session) -> bool:
    return True


def pages(
    table: Store, wanted: SessionFilter, limit: int, matches: Callable[[Session], bool] = anything
) -> list[list[str]]:
    """The ids of every page, to the end."""
    found, cursor = [], None
    while True:
        page = table.page(wanted, NOW, limit, cursor, matches)
        found.append([one.id for one in page.items])
        cursor = page.cursor
        if cursor is None:
            return found


def newest_first(*sessions: Session) -> list[str]:
    return sorted((one.id for one in sessions), reverse=True)


def test_a_session_is_read_by_id(store) -> None:
    one = session(revoked_at=NOW)
    put(store, one)
    assert store.get(one.id) == one
    assert store.get("0" * 26) is None


@pytest.mark.parametrize("wanted", [SessionFilter(caller="alice"), SessionFilter(role="ec2-full"), SessionFilter()])
def test_pages_follow_one_another_newest_first_and_lose_nothing(store, wanted: SessionFilter) -> None:
    made = [session(number, issued_at=NOW - number * timedelta(minutes=90)) for number in range(40)]
    put(store, *made)
    found = pages(store, wanted, 7)
    assert [one for page in found for one in page] == newest_first(*made)
    assert max(map(len, found)) == 7


def test_each_index_shows_its_own(store) -> None:
    one, other, third = session(1), session(2, CAROL), session(3, role="s3-read")
    put(store, one, other, third)
    assert pages(store, SessionFilter(caller="alice"), 10) == [newest_first(one, third)]
    assert pages(store, SessionFilter(role="s3-read"), 10) == [[third.id]]
    assert pages(store, SessionFilter(caller="nobody"), 10) == [[]]


def test_times_are_bounds_the_first_counts_in_the_last_does_not(store) -> None:
    made = [session(number, issued_at=NOW - number * HOUR) for number in range(6)]
    put(store, *made)
    for caller in ("alice", ""):
        wanted = SessionFilter(caller=caller, since=NOW - 4 * HOUR, until=NOW - HOUR)
        assert pages(store, wanted, 10) == [newest_first(*made[2:5])]
    assert pages(store, SessionFilter(caller="alice", since=NOW, until=NOW - HOUR), 10) == [[]]


def test_a_cursor_later_than_until_opens_nothing_that_until_shuts(store) -> None:
    made = [session(number, issued_at=NOW - number * HOUR) for number in range(4)]
    put(store, *made)
    found = store.page(SessionFilter(caller="alice", until=NOW - HOUR), NOW, 10, "7" + "z" * 25, anything)
    assert [one.id for one in found.items] == newest_first(*made[2:])


def test_quiet_months_are_walked_over_in_short_pages(table) -> None:
    old, recent = session(1, issued_at=NOW - 100 * DAY), session(2)
    put(table, old, recent)
    found = pages(table, SessionFilter(), 10)
    assert [one for page in found for one in page] == [recent.id, old.id]
    assert len(found) >= 100 // DAYS_AT_MOST


def test_what_does_not_match_is_passed_over_with_a_bound_on_the_work(table) -> None:
    made = [session(number, issued_at=NOW - timedelta(seconds=number)) for number in range(30)]
    put(table, *made)
    wanted = {made[3].id, made[28].id}
    assert pages(table, SessionFilter(caller="alice"), 1, lambda one: one.id in wanted)[:2] == [
        [made[3].id],
        [made[28].id],
    ]
    assert READ_AT_MOST > 30


def test_every_session_of_a_filter_comes_without_pages(store) -> None:
    made = [session(number, issued_at=NOW - number * timedelta(minutes=30)) for number in range(4)]
    put(store, *made)
    assert [one.id for one in store.every(SessionFilter(role="ec2-full", since=NOW - HOUR), NOW)] == newest_first(
        *made[:3]
    )
    assert [one.id for one in store.every(SessionFilter(since=NOW - HOUR), NOW)] == newest_first(*made[:3])


def test_the_last_sessions_of_a_caller_take_one_query_and_never_a_scan(table) -> None:
    put(table, *(session(number) for number in range(50)))
    recording = RecordingClient()
    page = table.page(SessionFilter(caller="alice"), NOW, 20, None, anything)
    assert (len(page.items), recording.operations) == (20, ["Query"])


def test_marking_a_session_revoked_keeps_the_first_time_and_its_event(store) -> None:
    one = session()
    put(store, one)
    store.mark_revoked(one.id, NOW)
    store.mark_revoked(one.id, NOW + HOUR)
    found = store.get(one.id)
    assert found
    assert found.revoked_at == NOW


def test_what_ran_out_within_a_time_is_found_to_the_millisecond_whatever_its_day(store) -> None:
    day = NOW.replace(hour=0, minute=30)
    tick = timedelta(milliseconds=1)
    ends = [day - tick, day, day + tick, day + timedelta(minutes=5), day + timedelta(minutes=5) + tick]
    made = [session(number, issued_at=end - HOUR, expires_at=end) for number, end in enumerate(ends)]
    put(store, *made, session(9, issued_at=day, expires_at=day + HOUR))
    found = store.expired(day, day + timedelta(minutes=5))
    assert [one.id for one in found] == [made[3].id, made[2].id]


def test_what_is_alive_is_counted_without_reading_it(store) -> None:
    put(
        store,
        session(1),
        session(2, issued_at=NOW - HOUR),
        session(3, revoked_at=NOW),
        session(4, failed=True),
        session(5, issued_at=NOW - timedelta(minutes=59)),
    )
    assert store.alive(NOW) == 2
