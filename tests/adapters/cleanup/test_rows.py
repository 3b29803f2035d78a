"""The marks of clean-up: one contract for the table and for the fake that the services are tested with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.cleanup.aws.rows import TableMarks
from chalicelib.cleanup.domain.marks import Mark
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import AuditUnavailable, Conflict
from chalicelib.core.domain.events import AuditEvent, Origin
from tests.adapters.conftest import REGION
from tests.fakes.cleanup import FakeMarks

if TYPE_CHECKING:
    from chalicelib.cleanup.services.records import Marks

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARK = Mark("tool", "AROA1", "reported", NOW, NOW)


def event(number: int) -> AuditEvent:
    caller = Caller("role", "broker-cleanup", "", "123456789012", "")
    return AuditEvent(f"{number:026}", "cleanup", NOW, Origin(caller), role="tool", detail={"stage": "warned"})


@pytest.fixture(params=["table", "fake"])
def marks(request: pytest.FixtureRequest, account: None) -> Marks:
    if request.param == "fake":
        return FakeMarks(lambda _: None)
    return TableMarks(boto3.client("dynamodb", REGION), "broker")


def test_a_mark_comes_back_as_it_was_saved(marks: Marks) -> None:
    marks.save(MARK, event(1))
    begun = MARK.entered("warned", NOW).about_to("quarantined")
    with pytest.raises(Conflict):
        marks.save(begun, None)
    marks.save(MARK.about_to("warned"), None)
    assert marks.get("tool") == replace(MARK, acting="warned", version=2)
    assert list(marks.every()) == [replace(MARK, acting="warned", version=2)]
    assert marks.get("other") is None


def test_of_two_writers_one_is_told_that_the_other_was_faster(marks: Marks) -> None:
    marks.save(MARK, None)
    marks.save(MARK.entered("warned", NOW), event(1))
    for late in (MARK, MARK.entered("alive", NOW)):
        with pytest.raises(Conflict):
            marks.save(late, event(2))
    found = marks.get("tool")
    assert found is not None
    assert found.stage == "warned"


def test_a_mark_that_moved_on_is_not_forgotten(marks: Marks) -> None:
    marks.save(MARK, None)
    marks.save(MARK.entered("warned", NOW), None)
    marks.forget(MARK)
    found = marks.get("tool")
    assert found is not None
    marks.forget(found)
    assert marks.get("tool") is None


def test_rows_carry_the_event_of_their_latest_change_and_end_when_nobody_needs_them(account: None, rows: Any) -> None:
    marks = TableMarks(boto3.client("dynamodb", REGION), "broker")
    marks.save(MARK, event(1))
    (row,) = rows("CLEANUP#")
    assert '"type":"cleanup"' in row["event"]
    assert "ttl" not in row
    marks.save(MARK.about_to("warned"), None)
    (row,) = rows("CLEANUP#")
    assert "event" not in row
    marks.save(MARK.about_to("warned").entered("alive", NOW), event(2))
    (row,) = rows("CLEANUP#")
    assert int(row["ttl"]) == int(NOW.timestamp()) + 400 * 86400


def test_each_runs_summary_takes_the_place_of_the_one_before(account: None, rows: Any) -> None:
    marks = TableMarks(boto3.client("dynamodb", REGION), "broker")
    marks.record_run(event(1))
    marks.record_run(event(2))
    (row,) = rows("CLEANUP#RUN")
    assert f'"{2:026}"' in row["event"]


def test_without_its_table_nothing_is_recorded_and_that_is_said(account: None) -> None:
    marks = TableMarks(boto3.client("dynamodb", REGION), "no-such-table")
    with pytest.raises(AuditUnavailable):
        marks.save(MARK, event(1))
