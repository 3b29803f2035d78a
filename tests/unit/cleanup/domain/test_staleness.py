"""The rule of clean-up, kind by kind, and the proof that each of its conditions matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.cleanup.domain.facts import NO_SIGNS
from chalicelib.cleanup.domain.staleness import ALIVE, CONDITIONS, Case, Condition, Ours
from chalicelib.cleanup.domain.terms import STAGES, Stage, Terms, UnreadableTag, following
from chalicelib.cleanup.domain.verdicts import judge
from tests.fakes.staleness_table import ALL_STAGES, BOUNDARY, DEPLOYMENT, NOW, OLD, TABLE, Kind, ago, mark
from tests.wording import names, naming


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.what)
def test_each_kind_of_role_gets_its_stage_and_its_reason(kind: Kind) -> None:
    verdict = judge(kind.case)
    assert (verdict.stage, verdict.code) == (kind.stage, kind.code)
    assert verdict.why


def right_without(condition: Condition | None) -> bool:
    """Whether the table still holds when the rule lacks a condition."""
    kept = tuple(one for one in CONDITIONS if one is not condition)
    for kind in TABLE:
        try:
            verdict = judge(kind.case, kept)
        except UnreadableTag:
            return False
        if (verdict.stage, verdict.code) != (kind.stage, kind.code):
            return False
    return True


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.code)
def test_without_any_one_condition_a_line_of_the_table_is_wrong(condition: Condition) -> None:
    assert right_without(None)
    assert not right_without(condition)


@pytest.mark.parametrize("condition", ALIVE, ids=lambda condition: condition.code)
def test_each_condition_alone_keeps_some_role_from_its_end(condition: Condition) -> None:
    """Dropping it does not only change the words: a role that somebody needs would be on its way out."""
    spared = [kind for kind in TABLE if kind.code == condition.code]
    assert any(would_end(kind, condition) for kind in spared)


def would_end(kind: Kind, without: Condition) -> bool:
    try:
        return judge(kind.case, tuple(one for one in CONDITIONS if one is not without)).stage != "alive"
    except UnreadableTag:
        return True


def test_a_stale_role_passes_one_stage_at_a_time_and_waits_in_each() -> None:
    case = Case(OLD, Ours(DEPLOYMENT, BOUNDARY, ALL_STAGES), NOW)
    told = judge(case)
    assert (told.stage, told.next_stage, told.next_at) == ("reported", "warned", NOW + timedelta(days=7))
    assert names(told.why, "2026-07-26", "120", "90")
    waits: list[tuple[Stage, int, Stage]] = [
        ("reported", 7, "warned"),
        ("warned", 14, "quarantined"),
        ("quarantined", 30, "deleted"),
    ]
    for stage, days, after in waits:
        quarantined = replace(OLD, quarantined=stage == "quarantined")
        early = replace(case, role=quarantined, mark=mark(stage, days - 0.001))
        assert judge(early).stage == stage
        verdict = judge(replace(early, mark=mark(stage, days)))
        assert (verdict.stage, verdict.next_stage) == (after, following(after))
        assert (verdict.next_at is None) == (after == "deleted")


def test_a_use_counts_as_since_the_report_from_the_next_moment_on() -> None:
    used = replace(OLD, last_used_at=ago(120))
    case = Case(used, Ours(DEPLOYMENT, BOUNDARY, ALL_STAGES), NOW, mark=mark("reported", 120))
    assert judge(case).stage == "warned"
    later = replace(used, last_used_at=ago(120) + timedelta(seconds=1))
    assert judge(replace(case, role=later)).code == "used_since"


@given(st.integers(0, 500), st.integers(0, 500), st.sampled_from(STAGES), st.integers(0, 400), st.sampled_from(STAGES))
def test_nobody_is_ever_moved_by_more_than_a_stage_nor_beyond_what_is_turned_on(created, used, stage, days, up_to):
    facts = replace(OLD, created_at=ago(created), last_used_at=ago(used), quarantined=stage == "quarantined")
    before = mark(stage, days)
    verdict = judge(Case(facts, Ours(DEPLOYMENT, BOUNDARY, Terms(up_to=up_to)), NOW, NO_SIGNS, before))
    onward = {stage, following(stage), "alive", "reported"}
    assert verdict.stage in onward
    if verdict.stage not in {stage, "alive", "reported"}:
        assert STAGES.index(verdict.stage) <= STAGES.index(up_to)
    if stage != "deleted" and (created < 30 or min(created, used) < 90):
        assert verdict.stage == "alive"


@pytest.mark.parametrize("text", ["", "90", "soon", "-1d", "0d", "12h", "401d", "1d ", "99999999999d"])
def test_a_threshold_that_cannot_be_meant_is_named_and_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableTag, match=naming("access-broker:stale-after", "1d", "400d")):
        Terms().with_tags({"access-broker:stale-after": text})


def test_a_role_may_carry_every_threshold_in_any_letters() -> None:
    tags = {"Access-Broker:Stale-After": "2d", "access-broker:warn-after": "3d",
            "access-broker:quarantine-after": "4d", "access-broker:delete-after": "5d"}  # fmt: skip
    own = Terms().with_tags(tags)
    assert [own.stale_after.days, *(own.before(stage).days for stage in STAGES[2:])] == [2, 3, 4, 5]
