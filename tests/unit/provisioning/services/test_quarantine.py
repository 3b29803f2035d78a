"""Quarantine: everything is denied, on record first, until a release or a restore."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, RefusedByAws
from chalicelib.provisioning.domain.role_state import DENY_ALL, QUARANTINE_POLICY, RoleChange
from tests.fakes.provisioning import ADMIN, World
from tests.fakes.provisioning_iam import Killed
from tests.unit.provisioning.services.test_delete_and_restore import TEMPLATE, with_a_whole_role

ACTS = {
    "quarantine": lambda world: world.quarantine.quarantine,
    "release": lambda world: world.quarantine.release,
    "restore": lambda world: world.restoration.restore,
}


@pytest.fixture
def world() -> World:
    return with_a_whole_role()


def test_a_quarantined_role_denies_everything_until_it_is_restored(world) -> None:
    before = world.roles.held["tool"]
    world.quarantine.quarantine("tool", ADMIN)
    assert world.roles.held["tool"].state.inline_policies[QUARANTINE_POLICY] == DENY_ALL
    assert world.log.role("tool").quarantined
    world.restoration.restore("tool", ADMIN)
    assert world.roles.held["tool"] == before
    assert not world.log.role("tool").quarantined
    assert [event.type for event in world.log.events] == ["provision", "provision", "restore"]


def test_quarantine_and_release_twice_change_nothing(world) -> None:
    for act in (world.quarantine.quarantine, world.quarantine.release):
        act("tool", ADMIN)
        events = len(world.log.events)
        act("tool", ADMIN)
        assert len(world.log.events) == events


def test_a_quarantine_whose_row_was_not_written_is_written_when_it_is_ordered_again(world) -> None:
    world.quarantine.quarantine("tool", ADMIN)
    stale = replace(world.log.role("tool"), quarantined=False)
    world.log.roles["tool"] = stale
    world.quarantine.quarantine("tool", ADMIN)
    assert world.log.role("tool").quarantined


@pytest.mark.parametrize("act", ["quarantine", "release", "restore"])
def test_a_quarantine_or_its_end_that_cannot_be_recorded_does_not_happen(world, act) -> None:
    if act != "quarantine":
        world.quarantine.quarantine("tool", ADMIN)
    before, events = world.roles.held["tool"], len(world.log.events)
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        ACTS[act](world)("tool", ADMIN)
    assert world.roles.held["tool"] == before
    assert (world.log.role("tool").quarantined, len(world.log.events)) == (act != "quarantine", events)


@pytest.mark.parametrize("act", ["quarantine", "release", "restore"])
def test_a_quarantine_or_its_end_that_was_killed_half_way_is_on_record_and_finished_by_the_next(world, act) -> None:
    if act != "quarantine":
        world.quarantine.quarantine("tool", ADMIN)
    world.happens.at = {len(world.writes) + 1: Killed()}
    with pytest.raises(Killed):
        ACTS[act](world)("tool", ADMIN)
    world.lease_store.held = {}
    assert world.log.role("tool").quarantined == (act == "quarantine")
    ACTS[act](world)("tool", ADMIN)
    assert (QUARANTINE_POLICY in world.roles.held["tool"].state.inline_policies) == (act == "quarantine")
    assert world.log.role("tool").quarantined == (act == "quarantine")


@pytest.mark.parametrize("act", ["quarantine", "release", "restore"])
@pytest.mark.parametrize("answer", ["refused", "lost"])
def test_a_quarantine_or_its_end_that_aws_refuses_is_taken_back_and_said_so(world, act, answer) -> None:
    if act != "quarantine":
        world.quarantine.quarantine("tool", ADMIN)
    before, row = world.roles.held["tool"], world.log.role("tool")
    change = world.roles.change

    def losing(name: str, what: RoleChange) -> None:
        world.roles.change = change
        if answer == "lost":
            change(name, what)
        raise AwsUnavailable("no answer")

    world.roles.change = losing
    with pytest.raises(AwsUnavailable):
        ACTS[act](world)("tool", ADMIN)
    assert (world.roles.held["tool"], world.log.role("tool")) == (before, row)
    assert [event.detail["action"] for event in world.log.events[-2:]] == [f"{act}_role", f"{act}_role_failed"]


def test_a_quarantine_that_failed_hands_out_no_role_that_was_in_no_catalogue(world) -> None:
    del world.log.roles["tool"]
    world.happens.at = {len(world.writes) + 1: RefusedByAws("no", "LimitExceeded")}
    with pytest.raises(RefusedByAws):
        world.quarantine.quarantine("tool", ADMIN)
    assert world.log.role("tool").quarantined


def test_a_role_cut_off_in_quarantine_is_not_let_out_before_that_is_on_record(world) -> None:
    world.quarantine.quarantine("tool", ADMIN)
    world.happens.at = {len(world.writes) + 3: Killed()}
    with pytest.raises(Killed):
        world.deletion.delete("tool", ADMIN)
    world.lease_store.held = {}
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.restoration.restore("tool", ADMIN)
    assert QUARANTINE_POLICY in world.roles.held["tool"].state.inline_policies
    assert f"inline_policy {QUARANTINE_POLICY}" not in world.writes[world.writes.index("leave web-servers") :]


def test_a_restore_gives_back_a_role_whose_quarantine_was_lifted_by_hand_whatever_export_there_is(world) -> None:
    world.deletion.delete("tool", ADMIN)
    world.provisioning.apply(replace(TEMPLATE, description="another role of that name"), ADMIN)
    free = world.roles.held["tool"]
    world.quarantine.quarantine("tool", ADMIN)
    world.roles.held["tool"] = free
    world.restoration.restore("tool", ADMIN)
    assert not world.log.role("tool").quarantined
    assert world.roles.held["tool"] == free
