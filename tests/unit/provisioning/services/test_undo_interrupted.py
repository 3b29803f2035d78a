"""A provisioner that is killed mid-change: the next scheduled run puts the role back, with an event."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, RefusedByAws
from chalicelib.provisioning.domain.role_state import DENY_ALL, QUARANTINE_POLICY, changes
from chalicelib.provisioning.domain.templates import RoleTemplate
from chalicelib.provisioning.services.undo_interrupted import Undone
from tests.fakes.provisioning import ADMIN, World
from tests.fakes.provisioning_iam import Killed

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
A, B, C = (f"arn:aws:iam::aws:policy/{name}" for name in "ABC")
ONE = RoleTemplate("tool", "first", ("A",), None, tags={"version": "one"})
TWO = RoleTemplate("tool", "second", ("B", "C"), READ, tags={"version": "two"})
WRITES_OF_A_CREATE, WRITES_OF_AN_UPDATE = 2, 6


@pytest.fixture
def world() -> World:
    made = World()
    made.policies.documents = {A: READ, B: READ, C: READ}
    return made


def kill(world: World, template: RoleTemplate, at: int) -> None:
    """The process dies before its n-th write to IAM from now; its lease runs out."""
    world.happens.at = {len(world.writes) + at: Killed()}
    with pytest.raises(Killed):
        world.provisioning.apply(template, ADMIN)
    world.happens.at = {}
    world.lease_store.held = {}


@pytest.mark.parametrize("at", range(1, WRITES_OF_AN_UPDATE + 1))
def test_an_update_that_was_killed_is_undone_and_told(world: World, at: int) -> None:
    world.provisioning.apply(ONE, ADMIN)
    before, events = world.roles.held["tool"], len(world.log.events)
    kill(world, TWO, at)
    half_way = changes(world.roles.held["tool"].state, before.state)
    assert world.interrupted_changes.undo() == Undone(("tool",) if half_way else (), ())
    assert changes(world.roles.held["tool"].state, before.state) == ()
    assert (world.log.changes, world.lease_store.held) == ({}, {})
    told = world.log.events[events:]
    assert [(event.type, event.role, event.detail["action"]) for event in told] == (
        [("provision", "tool", "undo_interrupted_change")] if half_way else []
    )
    assert all(event.detail["changes"] and event.detail["by"] == "root-of-trust" for event in told)


@pytest.mark.parametrize("at", range(2, WRITES_OF_A_CREATE + 1))
def test_a_role_that_a_killed_create_left_is_removed_and_told(world: World, at: int) -> None:
    kill(world, ONE, at)
    assert set(world.roles.held) == {"tool"}
    assert world.interrupted_changes.undo() == Undone(("tool",), ())
    assert (world.roles.held, world.log.changes) == ({}, {})
    assert [event.detail["action"] for event in world.log.events] == ["undo_interrupted_change"]


def test_a_change_that_was_killed_after_its_record_stands(world: World) -> None:
    world.log.ending_dies = True
    with pytest.raises(Killed):
        world.provisioning.apply(ONE, ADMIN)
    world.log.ending_dies, world.lease_store.held = False, {}
    assert world.interrupted_changes.undo() == Undone((), ())
    assert set(world.roles.held) == set(world.log.roles) == {"tool"}
    assert [event.detail["action"] for event in world.log.events] == ["apply_role"]


def test_an_apply_after_the_kill_wins_over_undoing(world: World) -> None:
    world.provisioning.apply(ONE, ADMIN)
    kill(world, TWO, 3)
    world.provisioning.apply(TWO, ADMIN)
    assert world.log.changes == {}
    assert world.interrupted_changes.undo() == Undone((), ())


def test_two_kills_in_a_row_are_undone_to_the_last_state_on_record(world: World) -> None:
    world.provisioning.apply(ONE, ADMIN)
    before = world.roles.held["tool"].state
    kill(world, TWO, 4)
    kill(world, replace(TWO, managed_policies=("C",)), 2)
    world.interrupted_changes.undo()
    assert changes(world.roles.held["tool"].state, before) == ()


def test_what_fails_and_is_taken_back_leaves_nothing_to_undo(world: World) -> None:
    world.provisioning.apply(ONE, ADMIN)
    world.happens.at = {len(world.writes) + 3: RefusedByAws("no", "LimitExceeded")}
    with pytest.raises(RefusedByAws):
        world.provisioning.apply(TWO, ADMIN)
    assert world.log.changes == {}


def test_nothing_is_changed_before_it_is_kept_how_the_role_was(world: World) -> None:
    world.log.beginning_fails_with = AuditUnavailable("away")
    with pytest.raises(AuditUnavailable):
        world.provisioning.apply(ONE, ADMIN)
    assert world.writes == []


def test_a_role_that_was_deleted_or_made_anew_since_is_left_alone(world: World) -> None:
    world.provisioning.apply(ONE, ADMIN)
    kill(world, TWO, 3)
    kept, another = world.roles.held["tool"], replace(world.roles.held["tool"], unique_id="AROA-NEW")
    for found in (None, another, replace(kept, path="/elsewhere/")):
        change = dict(world.log.changes)
        world.roles.held = {"tool": found} if found else {}
        assert world.interrupted_changes.undo() == Undone((), ())
        assert world.roles.held == ({"tool": found} if found else {})
        assert world.log.changes == {}
        world.log.changes = change


def test_a_quarantine_since_the_kill_stays(world: World) -> None:
    world.provisioning.apply(ONE, ADMIN)
    kill(world, TWO, 3)
    world.quarantine.quarantine("tool", ADMIN)
    world.interrupted_changes.undo()
    assert world.roles.held["tool"].state.inline_policies == {QUARANTINE_POLICY: DENY_ALL}


def test_one_role_that_fails_does_not_spare_the_others_and_is_tried_again(world: World) -> None:
    for name in ("tool", "other"):
        world.provisioning.apply(replace(ONE, name=name), ADMIN)
        kill(world, replace(TWO, name=name), 3)
    world.happens.at = {len(world.writes) + 1: AwsUnavailable("slow")}
    assert world.interrupted_changes.undo() == Undone(("other",), ("tool",))
    assert world.interrupted_changes.undo() == Undone(("tool",), ())
