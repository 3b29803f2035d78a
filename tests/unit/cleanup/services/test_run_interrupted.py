"""Overlapping runs, and runs cut off at every single step, end where one clean run ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.cleanup.services.run import LEASE
from chalicelib.core.domain.errors import Conflict, NotFound
from chalicelib.core.domain.roles import KEEP_TAG
from chalicelib.provisioning.domain.role_state import RoleChange
from tests.fakes.cleanup import CleanupWorld
from tests.fakes.provisioning_iam import Killed
from tests.unit.cleanup.services.killing import LEASE_TIME, kill_and_run_again

if TYPE_CHECKING:
    from collections.abc import Callable

HALF = LEASE_TIME / 2


def furnished() -> CleanupWorld:
    """One role at each point of its way, out and back."""
    world = CleanupWorld()
    for name in ("a-new", "b-reported", "c-warned", "d-quarantined", "e-back", "f-used"):
        world.add(name)
    world.at("b-reported", "reported", 7)
    world.at("c-warned", "warned", 14)
    world.at("d-quarantined", "quarantined", 30)
    world.at("e-back", "quarantined", 5)
    world.at("g-gone", "quarantined", 30, acting="deleted")
    world.at("h-forgotten", "reported", 3)
    world.use("e-back")
    world.use("f-used")
    return world


def clean() -> CleanupWorld:
    world = furnished()
    world.cleanup_run.run()
    return world


STEPS = len(clean().iam.writes)


def test_one_clean_run_takes_every_role_where_it_belongs() -> None:
    world = clean()
    assert world.stages == {
        "a-new": "reported",
        "b-reported": "warned",
        "c-warned": "quarantined",
        "d-quarantined": "deleted",
        "e-back": "alive",
        "g-gone": "deleted",
    }
    assert world.quarantined == {"c-warned"}
    assert sorted(world.iam.roles.held) == ["a-new", "b-reported", "c-warned", "e-back", "f-used"]
    assert STEPS > 12


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_run_killed_at_a_step_is_finished_by_the_next(step: int) -> None:
    world = furnished()
    kill_and_run_again(world, step)
    assert world.state == clean().state


@pytest.mark.parametrize("second", [7, 11])
@pytest.mark.parametrize("step", range(1, STEPS + 1, 2))
def test_even_a_run_that_is_killed_twice(step: int, second: int) -> None:
    world = furnished()
    world.iam.happens.at[step] = Killed()
    world.iam.happens.at[step + second] = Killed()
    for _ in range(3):
        try:
            world.cleanup_run.run()
        except Killed:
            continue
    assert world.state == clean().state


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_second_run_in_the_middle_of_the_first_stays_out(step: int) -> None:
    world = furnished()

    def second_run() -> None:
        with pytest.raises(Conflict):
            world.cleanup_run.run()

    world.iam.happens.at[step] = second_run
    world.cleanup_run.run()
    assert world.state == clean().state


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_second_run_that_took_over_from_a_slow_first_one_does_no_harm(step: int) -> None:
    """The first stalls at a step for longer than its lease; the second does everything; the first wakes up."""
    world = furnished()

    def second_run() -> None:
        world.iam.now += 2 * LEASE_TIME
        world.cleanup_run.run()

    world.iam.happens.at[step] = second_run
    world.cleanup_run.run()
    assert world.state == clean().state


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_run_that_stalls_while_somebody_starts_using_the_role_leaves_no_quarantine_behind(step: int) -> None:
    """The role comes to life and another run takes it back, while the first is in the middle of its act."""
    world = furnished()

    def life_and_a_second_run() -> None:
        world.iam.now += 2 * LEASE_TIME
        world.use("c-warned")
        world.cleanup_run.run()

    world.iam.happens.at[step] = life_and_a_second_run
    world.cleanup_run.run()
    world.cleanup_run.run()
    assert world.stages["c-warned"] == "alive"
    assert world.quarantined == set()


def just_before_the_delete(world: CleanupWorld, happening: Callable[[], None]) -> None:
    """The order to delete waits for somebody who has the lease and does this."""
    writes = world.iam.writes

    def look() -> None:
        if writes[-1] == "mark tool deleted":
            world.iam.happens.at.clear()
            happening()

    world.iam.happens.at |= dict.fromkeys(range(len(writes) + 1, len(writes) + 20), look)


def kept(world: CleanupWorld) -> None:
    world.iam.roles.change("tool", RoleChange("tag", KEEP_TAG, None, "needed"))


def made_again(world: CleanupWorld) -> None:
    role = world.iam.roles.held["tool"]
    world.iam.roles.held["tool"] = replace(role, unique_id="AROA-another")


@pytest.mark.parametrize("by", [lambda world: world.restore("tool"), kept, made_again], ids=["restored", "kept", "new"])
def test_a_role_that_somebody_takes_back_while_the_order_to_delete_it_waits_stays(by) -> None:
    world = CleanupWorld()
    world.add("tool")
    world.at("tool", "quarantined", 30)
    just_before_the_delete(world, lambda: by(world))
    report = world.cleanup_run.run()
    assert (report.changes, [failure.role for failure in report.failures]) == ({}, ["tool"])
    assert "left alone" in report.failures[0].why
    world.cleanup_run.run()
    assert list(world.iam.roles.held) == ["tool"]


def test_a_role_that_the_provisioner_does_not_find_but_iam_shows_is_not_told_to_be_deleted() -> None:
    world = CleanupWorld()
    world.add("tool")
    world.at("tool", "quarantined", 30)
    world.provisioner.fails["delete_role", "tool"] = NotFound("There is no role tool that the broker made.")
    assert world.cleanup_run.run().changes == {}
    assert world.stages == {"tool": "quarantined"}
    world.provisioner.fails.clear()
    assert world.cleanup_run.run().changes == {"tool": "deleted"}


@pytest.mark.parametrize("last", ["managed_policy", "inline_policy", "delete tool"])
def test_a_delete_that_was_cut_off_half_way_and_then_missed_is_made_whole_again(last: str) -> None:
    world = CleanupWorld()
    world.add("tool", managed_policies=("arn:aws:iam::aws:policy/AmazonEC2FullAccess",))
    before = world.iam.roles.held["tool"]
    world.at("tool", "quarantined", 30)
    world.kill_at(last)
    with pytest.raises(Killed):
        world.cleanup_run.run()
    world.iam.now += 2 * LEASE_TIME
    world.use("tool")
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    restored = world.iam.roles.held["tool"]
    assert restored.unique_id == before.unique_id
    assert restored.state == before.state


def test_a_run_does_not_wait_for_another_one() -> None:
    world = CleanupWorld()
    world.iam.lease_store.held[LEASE] = ("another run", world.iam.now + LEASE_TIME)
    started = world.iam.now
    with pytest.raises(Conflict, match="clean-up run"):
        world.cleanup_run.run()
    assert world.iam.now == started


def test_a_lease_that_is_kept_is_not_taken_over_however_long_the_run() -> None:
    world = CleanupWorld()
    for number in range(5):
        world.add(f"due-{number}")
        world.at(f"due-{number}", "warned", 14)

    def slow() -> None:
        world.iam.now += HALF
        with pytest.raises(Conflict):
            world.cleanup_run.run()

    for number in range(5):
        world.provisioner.after["quarantine_role", f"due-{number}"] = slow
    report = world.cleanup_run.run()
    assert (len(report.changes), report.complete) == (5, True)
