"""Keys that get old, when runs are killed, overlap, and meet an administrator or the owner: one right state."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.cleanup.domain.key_terms import KeyTerms
from chalicelib.core.domain.errors import Conflict
from tests.fakes.cleanup import CleanupWorld
from tests.fakes.provisioning_iam import Killed
from tests.unit.cleanup.services.killing import LEASE_TIME, kill_and_run_again


def furnished() -> CleanupWorld:
    """One key at each point of its way, out and back."""
    world = CleanupWorld(key_terms=KeyTerms(up_to="deactivated"))
    world.keys.add("deac-1", "late-1")
    world.pass_days(7)
    world.keys.add("warn-1", "used-1", "gone-1")
    world.pass_days(20)
    world.keys.add("new-1")
    for days in (63, 7, 7, 7):
        run(world, days)
    assert world.keys.inactive == {"deac-1", "late-1"}
    world.keys.use("used-1")
    world.keys.delete_user("gone")
    late = world.keys.keys_held["late-1"]
    world.keys.keys_held["late-1"] = replace(late, last_used_at=world.iam.now - timedelta(hours=1))
    world.pass_days(7)
    world.people.users = world.keys.report()
    world.iam.writes.clear()
    world.keys.marks.events.clear()
    return world


def run(world: CleanupWorld, days: float) -> None:
    world.pass_days(days)
    world.people.users = world.keys.report()
    world.cleanup_run.run()


def state(world: CleanupWorld) -> tuple[object, ...]:
    """Everything a run leaves behind but times."""
    marks = {key: (mark.stage, mark.acting) for key, mark in world.keys.marks.held.items()}
    return marks, world.keys.inactive, sorted(world.keys.told)


def clean() -> CleanupWorld:
    world = furnished()
    world.cleanup_run.run()
    return world


CLEAN = clean()
STEPS = len(CLEAN.iam.writes)


def test_one_clean_run_takes_every_key_where_it_belongs() -> None:
    assert CLEAN.keys.stages == {
        "deac-1": "deactivated",
        "late-1": "alive",
        "new-1": "reported",
        "used-1": "alive",
        "warn-1": "deactivated",
    }
    assert CLEAN.keys.inactive == {"deac-1", "warn-1"}
    assert STEPS > 7


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_run_killed_at_a_step_is_finished_by_the_next(step: int) -> None:
    world = furnished()
    kill_and_run_again(world, step)
    assert state(world) == state(CLEAN)


def test_a_deactivation_that_was_cut_off_is_told_even_if_the_stage_is_turned_off_since() -> None:
    world = furnished()
    world.iam.happens.at[CLEAN.iam.writes.index("Inactive warn-1") + 2] = Killed()
    with pytest.raises(Killed):
        world.cleanup_run.run()
    world.iam.now += 2 * LEASE_TIME
    world.key_terms = KeyTerms()
    world.cleanup_run.run()
    assert (world.keys.stages["warn-1"], world.keys.told[-1][:2]) == ("deactivated", ("warn-1", "deactivated"))


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_second_run_that_took_over_from_a_slow_first_one_does_no_harm(step: int) -> None:
    world = furnished()

    def second_run() -> None:
        world.iam.now += 2 * LEASE_TIME
        world.cleanup_run.run()

    world.iam.happens.at[step] = second_run
    world.cleanup_run.run()
    assert state(world) == state(CLEAN)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_key_that_is_restored_in_the_middle_of_a_run_ends_active_or_can_be_restored_again(step: int) -> None:
    """The restore comes before the deactivation, and then has no effect, or after it, and then holds."""
    world = furnished()
    restored: list[str] = []

    def restore() -> None:
        with suppress(Conflict):
            restored.extend(world.keys.restore("warn"))

    world.iam.happens.at[step] = restore
    world.cleanup_run.run()
    run(world, 1)
    assert ("warn-1" in world.keys.inactive) == (restored == [])
    world.keys.restore("warn")
    run(world, 1)
    assert "warn-1" not in world.keys.inactive


@pytest.mark.parametrize("step", [1, 2])
def test_a_restore_that_was_cut_off_is_finished_by_the_next(step: int) -> None:
    world = clean()
    world.iam.happens.at[len(world.iam.writes) + step] = Killed()
    with suppress(Killed):
        world.keys.restore("warn")
    world.iam.now += 2 * LEASE_TIME
    world.keys.restore("warn")
    run(world, 1)
    assert ("warn-1" in world.keys.inactive, world.keys.stages["warn-1"]) == (False, "alive")


def test_a_restore_activates_a_key_that_iam_still_shows_as_active() -> None:
    """IAM answers for some seconds what was there before the deactivation: a skipped act would lock the owner out."""
    world = clean()
    world.keys.keys_held["warn-1"] = replace(world.keys.keys_held["warn-1"], status="Active")
    assert world.keys.restore("warn") == ("warn-1",)
    assert "Active warn-1" in world.iam.writes


def test_a_key_that_its_owner_made_inactive_in_the_middle_of_the_act_stays_the_owners() -> None:
    world = furnished()

    def owner() -> None:
        world.keys.set_own("warn-1", "Inactive")

    world.iam.happens.at[CLEAN.iam.writes.index("Inactive warn-1")] = owner
    world.cleanup_run.run()
    assert "warn-1" in world.keys.inactive
    run(world, 1)
    assert world.keys.restore("warn") == ()
