"""Users without an access key: a password, and nothing allowed but `aws login`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.domain.errors import AuditUnavailable, Conflict, InvalidRequest
from chalicelib.provisioning.domain.users import SIGN_IN_TAG, GivenPolicy, UserAsk, only_signs_in
from chalicelib.provisioning.handlers.views import user_document
from tests.fakes.provisioning import ADMIN, World
from tests.fakes.provisioning_iam import SIGN_IN, Killed

ASK = UserAsk("dana", sign_in=True, console_access=True)
WITH_KEY = UserAsk("dana", access_key=True)
MORE = {"Statement": [{"Effect": "Allow", "Action": ["signin:CreateOAuth2Token", "s3:GetObject"], "Resource": "*"}]}


@pytest.fixture
def world() -> World:
    return World()


def allows_sign_in(world: World) -> bool:
    return "dana" in world.users.signing_in


def test_a_user_who_signs_in_has_a_password_no_key_and_nothing_else(world) -> None:
    made = world.user_service.put(ASK, ADMIN)
    assert (bool(made.password), made.access_key, allows_sign_in(world)) == (True, None, True)
    shown = user_document(world.user_service.show("dana"))
    assert (shown["zero_access"], shown["access_keys"]) == ("sign_in_only", [])
    assert shown["grants"] == ["attached policy sign-in-only"]
    writes = len(world.happens.writes)
    world.user_service.put(ASK, ADMIN)
    assert set(world.happens.writes[writes:]) <= {"sign-in dana"}


def test_any_other_permission_is_refused_and_shown(world) -> None:
    world.users.own["dana"] = (GivenPolicy("inline policy more", MORE),)
    with pytest.raises(Conflict):
        world.user_service.put(ASK, ADMIN)
    assert "dana" not in world.users.held
    world.users.own.clear()
    world.user_service.put(ASK, ADMIN)
    world.users.own["dana"] = (GivenPolicy("inline policy more", MORE),)
    assert user_document(world.user_service.show("dana"))["zero_access"] is False


def test_no_key_and_sign_in_together(world) -> None:
    with pytest.raises(InvalidRequest) as both:
        world.user_service.put(replace(ASK, access_key=True), ADMIN)
    assert set(both.value.fields) == {"access_key"}
    world.user_service.put(WITH_KEY, ADMIN)
    with pytest.raises(InvalidRequest) as late:
        world.user_service.put(ASK, ADMIN)
    assert set(late.value.fields) == {"sign_in"}
    assert world.users.held["dana"].access_keys


def test_the_mark_is_the_brokers_own(world) -> None:
    with pytest.raises(InvalidRequest):
        world.user_service.put(UserAsk("dana", {SIGN_IN_TAG: "only"}), ADMIN)


def test_another_put_takes_it_back_and_gives_a_key(world) -> None:
    world.user_service.put(ASK, ADMIN)
    made = world.user_service.put(WITH_KEY, ADMIN)
    assert (made.access_key is not None, allows_sign_in(world), made.view.grants) == (True, False, ())
    assert SIGN_IN_TAG not in made.view.user.tags


@pytest.mark.parametrize(("first", "then"), [(UserAsk("dana"), ASK), (ASK, UserAsk("dana"))])
def test_where_the_record_fails_the_user_is_as_before(world, first, then) -> None:
    world.user_service.put(first, ADMIN)
    world.log.fails_with = AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.user_service.put(then, ADMIN)
    assert allows_sign_in(world) == world.users.held["dana"].signs_in_only == first.sign_in


@pytest.mark.parametrize("at", range(1, 7))
@pytest.mark.parametrize("then", [UserAsk("dana"), ASK])
def test_killed_anywhere_the_next_put_ends_right(world, at, then) -> None:
    world.user_service.put(UserAsk("dana") if then.sign_in else ASK, ADMIN)
    world.happens.at = {len(world.happens.writes) + at: Killed()}
    try:
        world.user_service.put(then, ADMIN)
    except Killed:
        world.happens.at = {}
        world.lease_store.held = {}
        world.user_service.put(then, ADMIN)
    assert allows_sign_in(world) == world.users.held["dana"].signs_in_only == then.sign_in


@pytest.mark.parametrize(
    "document",
    [
        MORE,
        {"Statement": [{"Effect": "Allow"}]},
        {"Statement": [{"Effect": "Allow", "NotAction": "signin:CreateOAuth2Token", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "signin:*", "Resource": "*"}]},
    ],
)
def test_what_allows_more_or_cannot_be_read_does_not_only_sign_in(document) -> None:
    assert not only_signs_in(document)
    assert only_signs_in(SIGN_IN)
