"""Runs of the directory: what they write, and what one leaves that is cut off, throttled or overtaken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.access.domain.facts import Marker
from chalicelib.core.domain.errors import Conflict
from tests.fakes.core import NOW, Ids
from tests.fakes.directory import FakeIam, FakeTable, role_facts, sync, user_facts

ALICE = user_facts("alice", "AIDA1", "engineers")
BOB = user_facts("bob", "AIDA2")
CI = role_facts("ci", "AROA1")


@pytest.fixture
def iam() -> FakeIam:
    return FakeIam({one.name: one for one in (ALICE, BOB, CI)})


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


def test_a_run_writes_everybody_and_when_it_began(iam: FakeIam, table: FakeTable) -> None:
    iam.between = lambda: table.clock.pass_seconds(1)
    outcome = sync(table, iam, Ids()).run()
    assert (outcome.callers, outcome.written, outcome.removed, outcome.complete) == (3, 3, 0, True)
    assert table.rows == {"AIDA1": ALICE, "AIDA2": BOB, "AROA1": CI}
    assert table.marker == Marker(seen_at=NOW)


def test_the_next_run_writes_only_what_changed_and_does_not_read_the_table_again(
    iam: FakeIam, table: FakeTable
) -> None:
    directory = sync(table, iam, Ids())
    directory.run()
    iam.put(replace(BOB, groups=("engineers",)))
    del iam.by_name["ci"]
    outcome = directory.run()
    assert (outcome.written, outcome.removed, table.reads_of_all) == (1, 1, 1)
    assert set(table.rows) == {"AIDA1", "AIDA2"}


def test_a_recreated_namesake_is_one_caller_gone_and_another_one_new(iam: FakeIam, table: FakeTable) -> None:
    directory = sync(table, iam, Ids())
    directory.run()
    iam.put(user_facts("alice", "AIDA9"))
    directory.run()
    assert "AIDA1" not in table.rows
    assert table.rows["AIDA9"].groups == ()


def test_while_iam_is_away_nothing_is_removed_and_the_failure_is_written(iam: FakeIam, table: FakeTable) -> None:
    directory = sync(table, iam, Ids())
    directory.run()
    iam.away = True
    table.clock.pass_seconds(60)
    outcome = directory.run()
    assert (outcome.complete, outcome.age_seconds) == (False, 60)
    assert len(table.rows) == 3
    assert table.marker == Marker(seen_at=NOW, failed_at=table.clock())
    iam.away = False
    table.clock.pass_seconds(60)
    assert directory.run().complete
    assert not table.marker.failing(table.clock())


def test_a_listing_without_any_caller_is_none(iam: FakeIam, table: FakeTable) -> None:
    directory = sync(table, iam, Ids())
    directory.run()
    iam.by_name.clear()
    assert not directory.run().complete
    assert len(table.rows) == 3


def test_a_run_that_is_cut_off_moves_no_marker_and_the_next_one_does_not_trust_its_memory(
    iam: FakeIam, table: FakeTable
) -> None:
    directory = sync(table, iam, Ids())
    directory.run()
    iam.put(replace(ALICE, groups=()))
    iam.put(replace(BOB, groups=("admins",)))
    table.clock.pass_seconds(60)
    table.dies_after = 1
    with pytest.raises(KeyboardInterrupt):
        directory.run()
    assert table.marker == Marker(seen_at=NOW)
    table.dies_after = None
    with pytest.raises(Conflict):
        directory.run()
    table.clock.pass_seconds(60)
    directory.run()
    assert table.rows["AIDA2"].groups == ("admins",)
    assert table.reads_of_all == 2


def test_a_run_that_was_overtaken_writes_nothing_older(iam: FakeIam, table: FakeTable) -> None:
    ids = Ids()
    slow, quick = sync(table, iam, ids), sync(table, iam, ids)
    slow.run()
    iam.put(replace(BOB, groups=("admins",)))
    table.clock.pass_seconds(60)

    def meanwhile() -> None:
        table.between = lambda: None
        table.clock.pass_seconds(60)
        iam.put(BOB)
        quick.run()

    table.between = meanwhile
    with pytest.raises(Conflict):
        slow.run()
    assert table.rows["AIDA2"] == BOB


def test_one_run_at_a_time(iam: FakeIam, table: FakeTable) -> None:
    ids = Ids()

    def another() -> None:
        with pytest.raises(Conflict):
            sync(table, iam, ids).run()

    iam.between = another
    sync(table, iam, ids).run()
