"""Taking roles away: everything comes back but the unique id."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, Conflict, NotFound, RefusedByAws
from chalicelib.core.services.leases import LEASE_SECONDS, LeaseLost
from chalicelib.provisioning.domain.role_state import QUARANTINE_POLICY
from chalicelib.provisioning.domain.templates import RoleTemplate, Trust
from chalicelib.sessions.domain.revocation import RoleRevocations
from chalicelib.sessions.domain.revocation_policy import policy_document
from tests.fakes.core import NOW
from tests.fakes.provisioning import ADMIN, World
from tests.fakes.provisioning_iam import Killed
from tests.wording import names, naming

REVOKED = policy_document(RoleRevocations("tool").with_session("0" * 26, NOW))
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
REVOCATIONS = "access-broker-revocations"
TEMPLATE = RoleTemplate("tool", "a tool", ("A", "B"), READ, 7200, tags={"team": "web"})
WRITES_OF_A_DELETE = 7
WRITES_OF_AN_UNDOING = 6


def with_a_whole_role() -> World:
    """One role with everything a role can have."""
    made = World()
    made.policies.documents = {f"arn:aws:iam::aws:policy/{name}": READ for name in "AB"}
    made.provisioning.apply(TEMPLATE, ADMIN)
    role = made.roles.held["tool"]
    inline = {**role.state.inline_policies, REVOCATIONS: REVOKED}
    made.roles.held["tool"] = replace(role, state=replace(role.state, inline_policies=inline))
    made.roles.profiles = {"web-servers": "tool"}
    return made


@pytest.fixture
def world() -> World:
    return with_a_whole_role()


def test_delete_then_restore_gives_the_same_role_but_for_its_id(world) -> None:
    before = world.roles.read("tool")
    catalogued = world.log.roles["tool"]
    export = world.deletion.delete("tool", ADMIN)
    assert (world.roles.held, world.log.roles) == ({}, {})
    restored = world.restoration.restore("tool", ADMIN)
    after = world.roles.read("tool")
    assert replace(after, unique_id="") == replace(before, unique_id="")
    assert after.unique_id != before.unique_id
    assert world.log.roles["tool"] == catalogued
    assert before.unique_id in restored.cannot_come_back[0]
    assert export["instance_profiles"] == ["web-servers"]


def test_a_restored_role_has_its_direct_users_again_and_no_link_where_they_must_send_an_external_id(world) -> None:
    world.users.create("bob", {})
    for external_id in ("x1y2z3", ""):
        trust = Trust(direct_users=("bob",), external_id=external_id)
        world.provisioning.apply(replace(TEMPLATE, trust=trust), ADMIN)
        catalogued = world.log.roles["tool"]
        world.deletion.delete("tool", ADMIN)
        assert world.restoration.restore("tool", ADMIN).role == catalogued == world.log.roles["tool"]
        assert (catalogued.direct_users, catalogued.switchable) == (("bob",), not external_id)


def test_the_events_of_a_delete_and_a_restore_hold_what_was_and_what_is(world) -> None:
    export = world.deletion.delete("tool", ADMIN)
    world.restoration.restore("tool", ADMIN)
    _, deleted, restored = world.log.events
    assert (deleted.type, deleted.detail["before"], deleted.detail["after"]) == ("delete", export, None)
    assert (restored.type, restored.detail["action"]) == ("restore", "restore_role")
    assert restored.detail["changes"][0]["attribute"] == "role"


def test_a_delete_that_cannot_be_recorded_does_not_happen(world) -> None:
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.deletion.delete("tool", ADMIN)
    assert not [write for write in world.writes if write.startswith("delete")]
    assert REVOCATIONS in world.roles.held["tool"].state.inline_policies


def test_a_delete_that_cannot_be_recorded_makes_no_older_export_count_again(world) -> None:
    world.happens.at = {len(world.writes) + 3: RefusedByAws("no", "DeleteConflict")}
    with pytest.raises(RefusedByAws):
        world.deletion.delete("tool", ADMIN)
    world.provisioning.apply(replace(TEMPLATE, description="changed since"), ADMIN)
    before = world.roles.held["tool"]
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.deletion.delete("tool", ADMIN)
    assert world.roles.held["tool"] == before
    world.log.fails_with = None
    assert world.deletion.delete("tool", ADMIN)["state"]["description"] == "changed since"


def test_a_killed_delete_that_then_cannot_be_recorded_still_goes_on_from_its_export(world) -> None:
    before = world.roles.read("tool")
    world.happens.at = {len(world.writes) + 3: Killed()}
    with pytest.raises(Killed):
        world.deletion.delete("tool", ADMIN)
    world.lease_store.held = {}
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.deletion.delete("tool", ADMIN)
    world.log.fails_with = None
    world.deletion.delete("tool", ADMIN)
    world.restoration.restore("tool", ADMIN)
    assert replace(world.roles.read("tool"), unique_id="") == replace(before, unique_id="")


def test_a_delete_whose_lease_ran_out_does_not_even_mark_the_role(world) -> None:
    before, writes = world.roles.held["tool"], len(world.writes)
    world.lease_store.before_extending = {
        world.lease_store.extensions + 1: lambda: world.lease_store.held.update({"role/tool": ("another", world.now)})
    }
    with pytest.raises(LeaseLost):
        world.deletion.delete("tool", ADMIN)
    assert (world.roles.held["tool"], len(world.writes)) == (before, writes)


@pytest.mark.parametrize("at", range(2, WRITES_OF_A_DELETE + 1))
def test_a_delete_that_fails_half_way_puts_everything_back_and_says_so(world, at) -> None:
    before = world.roles.read("tool")
    world.happens.at = {len(world.writes) + at: RefusedByAws("no", "DeleteConflict")}
    with pytest.raises(RefusedByAws):
        world.deletion.delete("tool", ADMIN)
    assert world.roles.read("tool") == before
    assert "tool" in world.log.roles
    assert world.log.events[-1].detail == {"action": "delete_role_failed", "changes": []}


def test_a_failed_delete_says_which_instance_profile_the_role_is_not_back_in(world) -> None:
    def taken() -> None:
        world.roles.profiles = {"web-servers": "another"}

    failed = len(world.writes) + WRITES_OF_A_DELETE
    world.happens.at = {failed - 1: taken, failed: RefusedByAws("no", "DeleteConflict")}
    with pytest.raises(RefusedByAws):
        world.deletion.delete("tool", ADMIN)
    [lost] = world.log.events[-1].detail["cannot_come_back"]
    assert names(lost, "web-servers", "LimitExceeded")
    assert world.roles.profiles == {"web-servers": "another"}


@pytest.mark.parametrize("at", range(2, WRITES_OF_A_DELETE + 2))
def test_a_delete_from_quarantine_that_fails_half_way_leaves_the_role_in_quarantine(world, at) -> None:
    world.quarantine.quarantine("tool", ADMIN)
    before = world.roles.read("tool")
    world.happens.at = {len(world.writes) + at: RefusedByAws("no", "DeleteConflict")}
    with pytest.raises(RefusedByAws):
        world.deletion.delete("tool", ADMIN)
    assert world.roles.read("tool") == before


@pytest.mark.parametrize("at", range(1, WRITES_OF_AN_UNDOING + 1))
def test_a_failed_delete_whose_undoing_was_killed_goes_on_from_its_export(world, at) -> None:
    before = world.roles.read("tool")
    failed = len(world.writes) + WRITES_OF_A_DELETE
    world.happens.at = {failed: RefusedByAws("no", "DeleteConflict"), failed + at: Killed()}
    with pytest.raises(Killed):
        world.deletion.delete("tool", ADMIN)
    world.lease_store.held = {}
    world.deletion.delete("tool", ADMIN)
    world.restoration.restore("tool", ADMIN)
    assert replace(world.roles.read("tool"), unique_id="") == replace(before, unique_id="")


@pytest.mark.parametrize("at", range(1, WRITES_OF_A_DELETE + 1))
def test_a_delete_that_was_killed_half_way_goes_on_and_restores_the_whole_role(world, at) -> None:
    before = world.roles.read("tool")
    world.happens.at = {len(world.writes) + at: Killed()}
    with pytest.raises(Killed):
        world.deletion.delete("tool", ADMIN)
    world.lease_store.held = {"role/tool": ("the killed one", world.now + timedelta(seconds=LEASE_SECONDS))}
    if "tool" in world.roles.held:
        world.deletion.delete("tool", ADMIN)
    world.restoration.restore("tool", ADMIN)
    assert replace(world.roles.read("tool"), unique_id="") == replace(before, unique_id="")


@pytest.mark.parametrize("at", range(3, WRITES_OF_A_DELETE + 2))
def test_a_delete_from_quarantine_that_was_killed_half_way_is_taken_back_by_a_restore(world, at) -> None:
    before = world.roles.read("tool")
    world.quarantine.quarantine("tool", ADMIN)
    world.happens.at = {len(world.writes) + at: Killed()}
    with pytest.raises(Killed):
        world.deletion.delete("tool", ADMIN)
    world.lease_store.held = {}
    world.restoration.restore("tool", ADMIN)
    assert world.roles.read("tool") == before
    assert "tool" in world.log.roles


@pytest.mark.parametrize("at", range(1, 5))
def test_a_restore_that_was_killed_half_way_is_finished_by_the_next(world, at) -> None:
    before = world.roles.read("tool")
    world.deletion.delete("tool", ADMIN)
    world.happens.at = {len(world.writes) + at: Killed()}
    with pytest.raises(Killed):
        world.restoration.restore("tool", ADMIN)
    world.lease_store.held = {}
    world.restoration.restore("tool", ADMIN)
    assert replace(world.roles.read("tool"), unique_id="") == replace(before, unique_id="")
    assert "tool" in world.log.roles


def test_an_apply_after_a_killed_delete_makes_the_next_export_anew(world) -> None:
    world.happens.at = {len(world.writes) + 3: Killed()}
    with pytest.raises(Killed):
        world.deletion.delete("tool", ADMIN)
    world.lease_store.held = {}
    world.provisioning.apply(replace(TEMPLATE, description="changed since"), ADMIN)
    assert world.deletion.delete("tool", ADMIN)["state"]["description"] == "changed since"


def test_a_role_that_took_the_name_since_is_not_overwritten(world) -> None:
    world.deletion.delete("tool", ADMIN)
    world.provisioning.apply(RoleTemplate("tool", "another"), ADMIN)
    with pytest.raises(Conflict, match=naming("tool")):
        world.restoration.restore("tool", ADMIN)
    assert world.roles.held["tool"].state.description == "another"


def test_a_second_restore_changes_nothing(world) -> None:
    world.deletion.delete("tool", ADMIN)
    world.restoration.restore("tool", ADMIN)
    events, role = len(world.log.events), world.roles.held["tool"]
    assert world.restoration.restore("tool", ADMIN).changes == ()
    assert (len(world.log.events), world.roles.held["tool"]) == (events, role)


def test_a_restore_that_cannot_be_recorded_does_not_happen(world) -> None:
    before = world.roles.read("tool")
    world.deletion.delete("tool", ADMIN)
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.restoration.restore("tool", ADMIN)
    assert (world.roles.held, world.log.roles, world.roles.profiles) == ({}, {}, {})
    world.log.fails_with = None
    world.restoration.restore("tool", ADMIN)
    assert replace(world.roles.read("tool"), unique_id="") == replace(before, unique_id="")


def test_a_role_deleted_from_quarantine_comes_back_usable(world) -> None:
    world.quarantine.quarantine("tool", ADMIN)
    world.deletion.delete("tool", ADMIN)
    world.restoration.restore("tool", ADMIN)
    assert QUARANTINE_POLICY not in world.roles.held["tool"].state.inline_policies
    assert not world.log.role("tool").quarantined


def test_what_is_not_there_or_not_ours_cannot_be_taken_away(world) -> None:
    for act in (world.deletion.delete, world.quarantine.quarantine, world.restoration.restore):
        with pytest.raises(NotFound):
            act("nothing", ADMIN)
    stranger = replace(world.roles.held["tool"], path="/")
    world.roles.held["tool"] = stranger
    for act in (world.deletion.delete, world.quarantine.quarantine, world.restoration.restore):
        with pytest.raises(Conflict):
            act("tool", ADMIN)
    assert world.roles.held["tool"] == stranger


def test_an_instance_profile_that_is_gone_does_not_keep_the_role_away(world) -> None:
    world.deletion.delete("tool", ADMIN)
    world.roles.gone_profiles = {"web-servers"}
    restored = world.restoration.restore("tool", ADMIN)
    assert names(restored.cannot_come_back[-1], "web-servers", "NoSuchEntity")
    assert "tool" in world.log.roles
