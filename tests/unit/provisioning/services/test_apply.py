"""Applying templates: once, twice, failing, killed, and at the same time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chalicelib.core.domain.errors import Conflict, InvalidRequest
from chalicelib.core.domain.roles import external_id, switch_role_url
from chalicelib.provisioning.domain.escalation import EscalationPaths, Path
from chalicelib.provisioning.domain.role_state import (
    DENY_ALL,
    INLINE_POLICY,
    QUARANTINE_POLICY,
    ProvisionedRole,
)
from chalicelib.provisioning.domain.templates import RoleTemplate, Trust, UnsafeTemplate
from tests.fakes.provisioning import ADMIN, DEPLOYMENT, World
from tests.fakes.provisioning_iam import ACCOUNT
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


def with_policies() -> World:
    made = World()
    made.policies.documents = {A: READ, B: READ, C: READ}
    return made


@pytest.fixture
def world() -> World:
    return with_policies()


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
