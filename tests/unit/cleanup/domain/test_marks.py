"""The mark of a role: the stage it is in, and the act that is under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.cleanup.domain.marks import Mark
from chalicelib.cleanup.domain.terms import STAGES

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WARNED = Mark("tool", "AROA1", "warned", NOW - timedelta(days=7), NOW - timedelta(days=14), version=3, owner="dora")


def test_an_act_is_marked_before_it_begins_and_after_it_is_done() -> None:
    begun = WARNED.about_to("quarantined")
    assert (begun.stage, begun.acting, begun.since, begun.version) == ("warned", "quarantined", WARNED.since, 4)
    done = begun.entered("quarantined", NOW)
    assert done == replace(WARNED, stage="quarantined", since=NOW, version=5)


def test_a_quarantine_is_clean_ups_own_from_the_mark_before_it_on() -> None:
    stages = (WARNED, WARNED.about_to("quarantined"), WARNED.entered("quarantined", NOW))
    assert [one.quarantines for one in stages] == [False, True, True]


def test_a_role_that_is_alive_or_deleted_is_not_on_its_way() -> None:
    assert [replace(WARNED, stage=one).staged for one in STAGES] == [False, True, True, True, False]
