"""Users whose change fails, is killed or loses its answer: nothing is left half made, and no secret is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, RefusedByAws
from chalicelib.core.services.leases import LEASE_SECONDS
from chalicelib.provisioning.domain.users import UNFINISHED_TAG, UserAsk
from tests.fakes.provisioning import ADMIN, World
from tests.fakes.provisioning_iam import Killed
from tests.unit.provisioning.services.test_users import ASK, with_groups

WRITES_OF_A_CREATE = 5


@pytest.fixture
def world() -> World:
    return with_groups()


@pytest.mark.parametrize("at", range(1, WRITES_OF_A_CREATE))
def test_a_create_that_fails_half_way_leaves_nothing(world, at) -> None:
    world.happens.at = {at: RefusedByAws("no", "LimitExceeded")}
    with pytest.raises(RefusedByAws):
        world.user_service.put(ASK, ADMIN)
    assert (world.users.held, world.log.users, world.lease_store.held) == ({}, {}, {})


def test_what_cannot_be_recorded_is_taken_back(world) -> None:
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.user_service.put(ASK, ADMIN)
    assert world.users.held == {}


@pytest.mark.parametrize("at", range(1, 4))
def test_an_update_that_fails_half_way_leaves_the_user_as_they_were(world, at) -> None:
    world.user_service.put(UserAsk("bob", {"team": "web"}), ADMIN)
    before = world.users.held["bob"]
    world.happens.at = {len(world.writes) + at: RefusedByAws("no", "LimitExceeded")}
    with pytest.raises(RefusedByAws):
        world.user_service.put(UserAsk("bob", {"team": "db"}, ("engineers",), console_access=True), ADMIN)
    assert world.users.held["bob"] == before


@pytest.mark.parametrize("at", range(1, WRITES_OF_A_CREATE + 1))
def test_a_create_that_was_killed_half_way_gives_working_secrets_when_run_again(world, at) -> None:
    world.happens.at = {at: Killed()}
    ask = replace(ASK, token="key-1")
    with pytest.raises(Killed):
        world.user_service.put(ask, ADMIN)
    world.lease_store.held = {"user/bob": ("the killed one", world.now + timedelta(seconds=LEASE_SECONDS))}
    made = world.user_service.put(ask, ADMIN)
    assert made.password == world.users.passwords[-1]
    assert made.access_key is not None
    assert list(world.users.held) == ["bob"]
    assert UNFINISHED_TAG not in world.users.held["bob"].tags
    assert world.users.held["bob"].access_keys == (made.access_key.access_key_id,)


def test_secrets_leave_even_if_the_lease_cannot_be_given_up(world) -> None:
    def release(_thing: str, _holder: str) -> None:
        raise AwsUnavailable("AWS did not answer.")

    world.lease_store.release = release
    made = world.user_service.put(ASK, ADMIN)
    assert made.password == world.users.passwords[-1]
    assert made.access_key is not None


def test_a_call_whose_answer_was_lost_is_repeated_with_its_token_for_new_secrets(world) -> None:
    ask = replace(ASK, token="key-1")
    lost = world.user_service.put(ask, ADMIN)
    again = world.user_service.put(ask, ADMIN)
    assert lost.access_key is not None
    assert again.access_key is not None
    assert world.users.held["bob"].access_keys == (again.access_key.access_key_id,)
    assert again.access_key.access_key_id != lost.access_key.access_key_id
    assert (again.created, bool(again.password), len(world.users.passwords)) == (False, True, 2)
    assert again.view.user.unique_id == lost.view.user.unique_id
    told = world.log.events[-1].detail
    assert told["before"]["access_keys"] == [lost.access_key.access_key_id]
    assert told["made"] == {"password": True, "access_key_id": again.access_key.access_key_id}


def test_another_callers_same_key_replaces_no_secret(world) -> None:
    ask = replace(ASK, token="key-1")
    first = world.user_service.put(ask, ADMIN)
    other = replace(ADMIN, caller=replace(ADMIN.caller, name="second", unique_id="AIDA1"))
    assert world.user_service.put(ask, other).access_key is None
    assert world.users.held["bob"].access_keys == first.view.user.access_keys


@pytest.mark.parametrize("console", [True, False])
def test_a_repetition_replaces_no_secret_that_its_own_call_did_not_make(world, console) -> None:
    made = world.user_service.put(replace(ASK, console_access=console), ADMIN)
    world.now += timedelta(days=90)
    tags_only = replace(ASK, tags={"team": "db"}, console_access=console, access_key=False, token="key-1")
    for _ in range(2):
        again = world.user_service.put(tags_only, ADMIN)
        assert (again.password, again.access_key) == ("", None)
    assert world.users.held["bob"].access_keys == (made.access_key.access_key_id,)
    assert len(world.users.passwords) == int(console)
    assert len(world.log.events) == 2


def test_a_password_made_again_is_told_though_nothing_else_changed(world) -> None:
    ask = UserAsk("bob", console_access=True, token="key-1")
    for _ in range(2):
        assert world.user_service.put(ask, ADMIN).password
    assert [event.detail["made"]["password"] for event in world.log.events] == [True, True]


def test_a_key_used_again_for_something_else_shows_in_the_event_what_it_took(world) -> None:
    made = world.user_service.put(replace(ASK, token="key-1"), ADMIN)
    world.user_service.put(replace(ASK, access_key=False, console_access=False, token="key-1"), ADMIN)
    before, after = (world.log.events[-1].detail[key] for key in ("before", "after"))
    assert (before["access_keys"], after["access_keys"]) == ([made.access_key.access_key_id], [])
    assert (before["console_access"], after["console_access"]) == (True, False)


@pytest.mark.parametrize("other", [{"token": ""}, {"token": "key-2"}, {}])
def test_another_token_or_the_same_one_much_later_replaces_no_secret(world, other) -> None:
    first = world.user_service.put(replace(ASK, token="key-1"), ADMIN)
    if not other:
        world.now += timedelta(hours=1)
    again = world.user_service.put(replace(ASK, **{"token": "key-1", **other}), ADMIN)
    assert (again.password, again.access_key) == ("", None)
    assert world.users.held["bob"].access_keys == first.view.user.access_keys
    assert len(world.users.passwords) == 1
