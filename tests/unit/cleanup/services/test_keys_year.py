"""A simulated year of access keys: a run each night, keys that come back to life at each stage, runs that race."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.cleanup.domain.key_terms import KeyTerms
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.roles import KEEP_TAG
from tests.fakes.cleanup import CleanupWorld
from tests.fakes.cleanup_users import OURS
from tests.fakes.provisioning import START
from tests.fakes.provisioning_iam import Killed

if TYPE_CHECKING:
    from collections.abc import Callable

    Night = Callable[[CleanupWorld, int], None]

BY_USE = KeyTerms(up_to="deactivated")
BY_AGE = replace(BY_USE, by="age")
WAY = [(90, "reported"), (97, "warned"), (111, "deactivated")]
AGAIN = [(239, "reported"), (246, "warned"), (260, "deactivated")]


def one_run(world: CleanupWorld, _day: int) -> None:
    assert world.cleanup_run.run().failures == ()


def two_runs_that_race(world: CleanupWorld, day: int) -> None:
    """The second begins in the middle of the first, at another step each night, and finds it under way."""

    def second() -> None:
        with pytest.raises(Conflict):
            world.cleanup_run.run()

    world.iam.happens.at = {len(world.iam.writes) + 1 + day % 4: second}
    one_run(world, day)
    world.iam.happens.at.clear()


def two_runs_of_which_the_second_takes_over(world: CleanupWorld, day: int) -> None:
    """The first stalls for longer than its lease; the second does everything, then the first wakes up."""

    def second() -> None:
        held = world.iam.lease_store.held.pop("cleanup")
        world.cleanup_run.run()
        world.iam.lease_store.held["cleanup"] = held

    world.iam.happens.at = {len(world.iam.writes) + 1 + day % 4: second}
    world.cleanup_run.run()
    world.iam.happens.at.clear()


def a_run_that_is_killed_and_the_next(world: CleanupWorld, day: int) -> None:
    world.iam.happens.at = {len(world.iam.writes) + 1 + day % 4: Killed()}
    try:
        world.cleanup_run.run()
    except Killed:
        world.iam.lease_store.held.clear()
        world.cleanup_run.run()
    world.iam.happens.at.clear()


NIGHTS = [one_run, two_runs_that_race, two_runs_of_which_the_second_takes_over, a_run_that_is_killed_and_the_next]


def live(world: CleanupWorld, days: dict[int, Callable[[], object]], night: Night) -> dict[str, list[tuple[int, str]]]:
    """A year: the steps of each key with the day on which they were told."""
    for day in range(1, 366):
        world.keys.use("ada-1")
        if day in days:
            days[day]()
        world.pass_days(1)
        world.people.users = world.keys.report()
        night(world, day)
    steps: dict[str, list[tuple[int, str]]] = {}
    for event in world.keys.marks.events:
        steps.setdefault(event.detail["key"], []).append(((event.at - START).days, event.detail["stage"]))
    return steps


@pytest.mark.parametrize("night", NIGHTS)
def test_a_year_of_many_keys_with_each_way_back(night: Night) -> None:
    """`ada` uses hers daily, `bea` now and then, `cleo` never, `dora` rotates, `eve` is restored, `fay` is deleted."""
    world = CleanupWorld(key_terms=BY_USE)
    world.keys.add("ada-1", "bea-1", "cleo-1", "dora-1", "eve-1", "fay-1")
    world.keys.add("hugo-1", tags={**OURS, KEEP_TAG: ""})
    world.keys.add("ivo-1", tags={})
    days: dict[int, Callable[[], object]] = {
        95: lambda: world.keys.use("bea-1"),  # while reported
        99: lambda: world.keys.add("dora-2"),
        100: lambda: world.keys.set_own("dora-1", "Inactive"),  # while warned, as `broker keys rotate` does
        104: lambda: world.keys.delete_user("fay"),  # while warned
        150: lambda: world.keys.restore("eve"),
        200: lambda: world.keys.use("bea-1"),  # while warned
        300: lambda: world.keys.set_own("dora-2", "Active"),  # while deactivated
    }
    assert live(world, days, night) == {
        "bea-1": [(90, "reported"), (95, "alive"), (185, "reported"), (192, "warned"), (200, "alive"),
                  (290, "reported"), (297, "warned"), (311, "deactivated")],
        "cleo-1": WAY,
        "dora-1": [*WAY[:2], (100, "alive")],
        "dora-2": [(188, "reported"), (195, "warned"), (209, "deactivated")],
        "eve-1": [*WAY, *AGAIN],
        "fay-1": WAY[:2],
    }  # fmt: skip
    assert world.keys.inactive == {"bea-1", "cleo-1", "dora-1", "eve-1"}
    assert sorted(world.keys.keys_held) == [
        "ada-1", "bea-1", "cleo-1", "dora-1", "dora-2", "eve-1", "hugo-1", "ivo-1",
    ]  # fmt: skip


def test_a_year_by_age_spares_no_key_that_is_in_use() -> None:
    world = CleanupWorld(key_terms=BY_AGE)
    world.keys.add("ada-1")
    assert live(world, {150: lambda: world.keys.restore("ada")}, one_run) == {"ada-1": [*WAY, *AGAIN]}


def test_a_year_as_deployed_reports_and_changes_no_key() -> None:
    world = CleanupWorld(key_terms=KeyTerms())
    world.keys.add("ada-1", "cleo-1")
    assert live(world, {}, one_run) == {"cleo-1": WAY[:1]}
    assert {action for action, _ in world.provisioner.asked} == {"prune_revocations"}
