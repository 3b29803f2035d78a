"""Applying templates: once, twice, failing, killed, and at the same time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, Conflict, InvalidRequest, RefusedByAws
from chalicelib.core.domain.roles import external_id, switch_role_url
from chalicelib.core.services.leases import LEASE_SECONDS, LeaseLost
from chalicelib.provisioning.domain.escalation import EscalationPaths, Path
from chalicelib.provisioning.domain.role_state import (
    DENY_ALL,
    INLINE_POLICY,
    QUARANTINE_POLICY,
    ProvisionedRole,
    RoleState,
)
from chalicelib.provisioning.domain.templates import RoleTemplate, Trust, UnsafeTemplate
from chalicelib.sessions.domain.revocation import RoleRevocations
from chalicelib.sessions.domain.revocation_policy import policy_document
from tests.fakes.core import NOW
from tests.fakes.provisioning import ADMIN, DEPLOYMENT, World
from tests.fakes.provisioning_iam import ACCOUNT, Killed
from tests.wording import naming

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
A, B, C = (f"arn:aws:iam::aws:policy/{name}" for name in "ABC")
ONE = RoleTemplate("tool", "first", ("A", "B"), READ, tags={"version": "one"})
TWO = RoleTemplate("tool", "second", ("B", "C"), WRITE, 7200, tags={"version": "two"})
THREE = replace(
    TWO, description="third", managed_policies=("A",), inline_policy=READ, max_session_seconds=3600, tags={}
)
ARN = f"arn:aws:iam::{ACCOUNT}:role/access-broker/tool"


@pytest.fixture
def world() -> World:
    made = World()
    made.policies.documents = {A: READ, B: READ, C: READ}
    return made


def held(world: World) -> ProvisionedRole:
    return world.roles.held["tool"]


def matches(world: World, template: RoleTemplate) -> bool:
    return not world.provisioning.plan(template, ADMIN).changes


def test_a_new_role_is_what_the_template_says(world) -> None:
    applied = world.provisioning.apply(ONE, ADMIN)
    state = held(world).state
    assert state.managed_policies == (A, B)
    assert state.inline_policies == {INLINE_POLICY: READ}
    assert state.boundary_arn == DEPLOYMENT.boundary_arn
    assert state.trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] == external_id("broker-dev", ARN)
    assert applied.role.arn == ARN
    assert world.log.roles["tool"] == applied.role


def test_the_event_says_who_changed_what_from_what_to_what(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    world.provisioning.apply(TWO, ADMIN)
    created, changed = world.log.events
    assert (created.type, created.role, created.origin) == ("provision", "tool", ADMIN)
    assert created.detail["changes"][0] == {"attribute": "role", "item": "", "before": None, "after": "created"}
    assert {"attribute": "description", "item": "", "before": "first", "after": "second"} in changed.detail["changes"]


def test_a_second_apply_writes_nothing_anywhere(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    writes, events = len(world.writes), len(world.log.events)
    assert world.provisioning.apply(ONE, ADMIN).changes == ()
    assert (len(world.writes), len(world.log.events)) == (writes, events)


def test_a_plan_writes_nothing_and_says_what_apply_would_do(world) -> None:
    planned = world.provisioning.plan(ONE, ADMIN)
    assert (world.writes, world.log.events, world.lease_store.held) == ([], [], {})
    assert planned == world.provisioning.apply(ONE, ADMIN)


def test_what_was_changed_by_hand_is_taken_back(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    drifted = replace(held(world).state, managed_policies=(A, B, C), inline_policies={"by-hand": WRITE}, tags={
        **held(world).state.tags, "version": "hacked"})  # fmt: skip
    world.roles.held["tool"] = replace(held(world), state=drifted)
    world.provisioning.apply(ONE, ADMIN)
    assert matches(world, ONE)
    assert held(world).state.managed_policies == (A, B)
    assert held(world).state.inline_policies == {INLINE_POLICY: READ}


def test_a_role_that_is_not_ours_is_left_alone(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    ours = held(world)
    for stranger in (
        replace(ours, path="/"),
        replace(ours, state=replace(ours.state, tags={})),
        replace(ours, state=replace(ours.state, tags={**ours.state.tags, "access-broker:deployment": "broker-prod"})),
    ):
        world.roles.held["tool"] = stranger
        with pytest.raises(Conflict, match=naming("tool")):
            world.provisioning.apply(TWO, ADMIN)
        assert held(world) == stranger


def test_a_quarantined_role_stays_quarantined_and_says_so(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    inline = {**held(world).state.inline_policies, QUARANTINE_POLICY: DENY_ALL}
    world.roles.held["tool"] = replace(held(world), state=replace(held(world).state, inline_policies=inline))
    applied = world.provisioning.apply(TWO, ADMIN)
    assert QUARANTINE_POLICY in held(world).state.inline_policies
    assert any("quarantined" in warning for warning in applied.warnings)


@pytest.mark.parametrize(
    ("template", "field"),
    [
        (replace(ONE, managed_policies=("Nowhere",)), "managed_policies"),
        (replace(ONE, trust=Trust(direct_users=("nobody",))), "trust.direct_users"),
    ],
)
def test_a_policy_or_user_that_does_not_exist_is_named(world, template, field) -> None:
    with pytest.raises(InvalidRequest) as refused:
        world.provisioning.apply(template, ADMIN)
    assert field in refused.value.fields
    assert world.writes == []


def test_direct_users_are_trusted_by_the_arn_they_have_now(world) -> None:
    world.users.create("bob", {})
    applied = world.provisioning.apply(replace(ONE, trust=Trust(direct_users=("bob",))), ADMIN)
    assert held(world).state.trust["Statement"][-1]["Principal"] == {"AWS": [world.users.held["bob"].arn]}
    assert applied.role.direct_users == ("bob",)
    assert applied.not_switchable_because is None


def test_the_dead_id_of_a_user_made_again_is_shown_and_mended(world) -> None:
    """IAM puts the id in the place of a deleted user's ARN (IAM User Guide, "AWS JSON policy elements: Principal")."""
    template = replace(ONE, trust=Trust(direct_users=("bob",)))
    world.users.create("bob", {})
    world.provisioning.apply(template, ADMIN)
    found, dead = held(world), "AIDADEADOFBOB"
    gone = json.loads(json.dumps(found.state.trust).replace(world.users.existing("bob").arn, dead))
    world.roles.held["tool"] = replace(found, state=replace(found.state, trust=gone))
    (change,) = world.provisioning.plan(template, ADMIN).changes
    assert (change.attribute, dead in json.dumps(change.before), dead in json.dumps(change.after)) == (
        "trust",
        True,
        False,
    )
    world.provisioning.apply(template, ADMIN)
    assert held(world).state.trust == found.state.trust


def test_direct_users_who_must_send_an_external_id_are_listed_and_get_no_link(world) -> None:
    world.users.create("bob", {})
    trust = Trust(direct_users=("bob",), external_id="x1y2z3")
    applied = world.provisioning.apply(replace(ONE, trust=trust), ADMIN)
    assert world.log.role(ONE.name).direct_users == ("bob",)
    assert switch_role_url(applied.role) is None
    assert "external id" in applied.not_switchable_because
    assert world.provisioning.apply(replace(ONE, trust=trust), ADMIN).changes == ()


def test_an_unsafe_template_changes_nothing_and_is_on_record(world) -> None:
    world.paths = EscalationPaths((Path("ReadAll", ("s3:getobject",), "https://example.com"),))
    for provision in (world.provisioning.plan, world.provisioning.apply):
        with pytest.raises(UnsafeTemplate, match="ReadAll"):
            provision(ONE, ADMIN)
    assert world.writes == []
    assert [(event.type, event.detail["code"]) for event in world.log.events] == [("refuse", "invalid_request")] * 2


def test_iam_may_show_changes_late(world) -> None:
    world.provisioning.apply(ONE, ADMIN)
    world.happens.at = {len(world.writes) + 3: lambda: setattr(world.roles, "stale", 3)}
    world.provisioning.apply(TWO, ADMIN)
    assert matches(world, TWO)


WRITES_OF_A_CREATE = 4
WRITES_OF_AN_UPDATE = 6


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
    world.lease_store.held = {"role/tool": ("somebody", world.now + timedelta(hours=1))}
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
