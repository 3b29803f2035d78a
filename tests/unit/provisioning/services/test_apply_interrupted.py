"""An apply that fails, is killed, or meets another change: one right role, or the one from before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, Conflict, RefusedByAws
from chalicelib.core.services.leases import LEASE_SECONDS, LeaseLost
from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleState
from chalicelib.sessions.domain.revocation import RoleRevocations
from chalicelib.sessions.domain.revocation_policy import policy_document
from tests.fakes.core import NOW
from tests.fakes.provisioning import ADMIN, World
from tests.fakes.provisioning_iam import Killed
from tests.unit.provisioning.services.test_apply import ARN, ONE, READ, THREE, TWO, A, held, matches, with_policies
from tests.wording import naming

if TYPE_CHECKING:
    from chalicelib.provisioning.domain.templates import RoleTemplate


WRITES_OF_A_CREATE = 4
WRITES_OF_AN_UPDATE = 6


@pytest.fixture
def world() -> World:
    return with_policies()


@pytest.mark.parametrize("at", range(1, WRITES_OF_A_CREATE + 1))
def test_a_create_that_fails_half_way_leaves_nothing(world, at) -> None:
    world.happens.at = {at: RefusedByAws("no", "LimitExceeded")}
    with pytest.raises(RefusedByAws):
        world.provisioning.apply(ONE, ADMIN)
    assert world.roles.held == {}
    assert (world.log.roles, world.log.events, world.lease_store.held) == ({}, [], {})


@pytest.mark.parametrize("at", range(1, WRITES_OF_AN_UPDATE + 1))
def test_an_update_that_fails_half_way_leaves_the_role_as_it_was(world, at) -> None:
    world.provisioning.apply(ONE, ADMIN)
    before = held(world)
    world.happens.at = {len(world.writes) + at: RefusedByAws("no", "LimitExceeded")}
    with pytest.raises(RefusedByAws):
        world.provisioning.apply(TWO, ADMIN)
    assert held(world) == before
    assert matches(world, ONE)
    assert len(world.log.events) == 1


def another_deployment_makes_it(world: World) -> None:
    tags = {"access-broker:managed": "true", "access-broker:deployment": "broker-prod"}
    theirs = RoleState("theirs", 3600, READ, "boundary", (A,), {}, tags)
    world.roles.held["tool"] = ProvisionedRole("tool", ARN, "/access-broker/", "AROAPROD", theirs)


@pytest.mark.parametrize("answer", [None, RefusedByAws("no", "AccessDenied")])
def test_a_role_that_another_deployment_makes_in_the_same_moment_is_left_alone(world, answer) -> None:
    def they_are_faster() -> None:
        another_deployment_makes_it(world)
        if answer:
            raise answer

    world.happens.at = {1: they_are_faster}
    with pytest.raises((Conflict, RefusedByAws)):
        world.provisioning.apply(ONE, ADMIN)
    assert (held(world).unique_id, held(world).state.managed_policies) == ("AROAPROD", (A,))
    assert world.log.events == []


def test_a_role_of_ours_that_iam_did_not_show_at_first_is_not_deleted_when_the_apply_fails(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    role = held(world)
    world.roles.before, world.roles.stale = {}, 1
    world.happens.at = {len(world.writes) + 2: RefusedByAws("no", "LimitExceeded")}
    with pytest.raises(RefusedByAws):
        world.provisioning.apply(TWO, ADMIN)
    assert held(world).unique_id == role.unique_id


def test_a_create_is_taken_back_even_if_iam_shows_it_late(world) -> None:
    def fail_while_iam_shows_nothing() -> None:
        world.roles.before, world.roles.stale = {}, 2
        raise RefusedByAws("no", "LimitExceeded")

    world.happens.at = {2: fail_while_iam_shows_nothing}
    with pytest.raises(RefusedByAws):
        world.provisioning.apply(ONE, ADMIN)
    assert world.roles.held == {}


def test_a_name_that_differs_from_a_roles_in_letter_case_only_is_a_conflict(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    read = world.roles.read
    world.roles.read = lambda name: read(name.lower())
    with pytest.raises(Conflict, match=naming("tool")):
        world.provisioning.apply(replace(TWO, name="TOOL"), ADMIN)
    assert matches(world, ONE)


@pytest.mark.parametrize("template", [ONE, TWO])
def test_what_cannot_be_recorded_is_taken_back(world, template) -> None:
    if template is TWO:
        world.provisioning.apply(ONE, ADMIN)
    before = dict(world.roles.held)
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.provisioning.apply(template, ADMIN)
    assert world.roles.held == before


@pytest.mark.parametrize("fails", ["AWS", "record"])
def test_a_revocation_that_lands_during_an_apply_survives_its_being_taken_back(world, fails) -> None:
    world.provisioning.apply(ONE, ADMIN)
    revoke(world, "old")
    world.happens.at = {len(world.writes) + 1: lambda: revoke(world, "old", "new")}
    if fails == "AWS":
        world.happens.at[len(world.writes) + 2] = RefusedByAws("no", "LimitExceeded")
    else:
        world.log.fails_with = AuditUnavailable("no")
    with pytest.raises((RefusedByAws, AuditUnavailable)):
        world.provisioning.apply(TWO, ADMIN)
    assert held(world).state.inline_policies["access-broker-revocations"] == revocations("old", "new")
    assert matches(world, ONE)


def revocations(*sessions: str) -> dict[str, Any]:
    return policy_document(RoleRevocations("tool").with_sessions(dict.fromkeys(sessions, NOW)))


def revoke(world: World, *sessions: str) -> None:
    inline = {**held(world).state.inline_policies, "access-broker-revocations": revocations(*sessions)}
    world.roles.held["tool"] = replace(held(world), state=replace(held(world).state, inline_policies=inline))


@pytest.mark.parametrize("at", range(1, WRITES_OF_A_CREATE + 1))
def test_a_create_that_was_killed_half_way_ends_in_one_right_role_when_run_again(world, at) -> None:
    world.happens.at = {at: Killed()}
    with pytest.raises(Killed):
        world.provisioning.apply(ONE, ADMIN)
    world.lease_store.held = {"role/tool": ("the killed one", world.now + timedelta(seconds=LEASE_SECONDS))}
    world.provisioning.apply(ONE, ADMIN)
    assert list(world.roles.held) == ["tool"]
    assert matches(world, ONE)
    assert [event.type for event in world.log.events] == ["provision"]
    assert world.lease_store.held == {}


def test_a_create_that_was_killed_before_its_record_is_recorded_when_run_again(world) -> None:
    world.log.fails_with = Killed()
    with pytest.raises(Killed):
        world.provisioning.apply(ONE, ADMIN)
    world.log.fails_with = None
    writes = len(world.writes)
    world.provisioning.apply(ONE, ADMIN)
    assert len(world.writes) == writes
    assert list(world.log.roles) == ["tool"]
    assert [change["after"] for change in world.log.events[-1].detail["changes"]] == ["created"]


def test_a_second_change_waits_for_the_first(world) -> None:
    """TWO begins while ONE is half-way; ONE goes on while TWO waits, so TWO is the last."""
    first = Steps(world, ONE)
    world.while_waiting = first.go_on
    first.begin()
    world.provisioning.apply(TWO, ADMIN)
    assert first.done
    assert matches(world, TWO)


def test_a_change_that_waits_too_long_says_so_and_touches_nothing(world) -> None:
    world.lease_store.held = {"role/tool": ("another run", world.now + timedelta(hours=1))}
    with pytest.raises(Conflict):
        world.provisioning.apply(ONE, ADMIN)
    assert world.writes == []


@pytest.mark.parametrize("step", range(1, WRITES_OF_AN_UPDATE + 2))
def test_a_provisioner_that_lost_its_lease_stops_and_the_other_ones_version_stands(world, step) -> None:
    """TWO stalls before one of its steps for longer than its lease; ONE takes over and finishes."""
    world.provisioning.apply(THREE, ADMIN)

    def stall() -> None:
        world.now += timedelta(seconds=LEASE_SECONDS + 1)
        world.provisioning.apply(ONE, ADMIN)

    world.lease_store.before_extending = {step: stall}
    with pytest.raises(LeaseLost):
        world.provisioning.apply(TWO, ADMIN)
    assert matches(world, ONE)
    assert world.log.roles["tool"].description == "first"
    assert world.lease_store.held == {}


class Steps:
    """An apply taken apart: its lease first, the rest when told."""

    def __init__(self, world: World, template: RoleTemplate) -> None:
        self.world, self.template, self.done = world, template, False

    def begin(self) -> None:
        self.world.lease_store.take(
            "role/tool", "first", self.world.now, self.world.now + timedelta(seconds=LEASE_SECONDS)
        )

    def go_on(self) -> None:
        if not self.done:
            self.done = True
            self.world.lease_store.release("role/tool", "first")
            self.world.provisioning.apply(self.template, ADMIN)


def test_a_name_that_iam_holds_in_another_letter_case_but_does_not_show_is_a_conflict(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    with pytest.raises(Conflict, match="letter case"):
        world.provisioning.apply(replace(ONE, name="TOOL"), ADMIN)
    assert set(world.roles.held) == {"tool"}
    assert set(world.log.roles) == {"tool"}
