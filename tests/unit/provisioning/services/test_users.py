"""Users: zero access proven, secrets once, nothing half made left."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.core.domain.errors import (
    AuditUnavailable,
    Conflict,
    InvalidRequest,
    NotFound,
    RefusedByAws,
)
from chalicelib.core.domain.events import to_json
from chalicelib.core.services.leases import LeaseLost
from chalicelib.provisioning.domain.users import UNFINISHED_TAG, GivenPolicy, PasswordPolicy, User, UserAsk
from tests.fakes.provisioning import ADMIN, World
from tests.wording import names, naming

if TYPE_CHECKING:
    from collections.abc import Callable

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
ASK = UserAsk("bob", {"team": "web"}, ("engineers",), console_access=True, access_key=True)


def with_groups() -> World:
    made = World()
    made.users.groups = {
        "engineers": (),
        "locked": (GivenPolicy("group locked: inline policy no", DENY),),
        "admins": (GivenPolicy("group admins: attached policy AdministratorAccess", ALLOW),),
    }
    return made


@pytest.fixture
def world() -> World:
    return with_groups()


def test_a_new_user_has_zero_access_and_gets_the_secrets_once(world) -> None:
    made = world.user_service.put(ASK, ADMIN)
    assert made.created
    assert made.view.grants == ()
    assert made.view.sign_in_url == "https://acme.signin.aws.amazon.com/console"
    assert made.view.user.groups == ("engineers",)
    assert len(made.password) >= 24
    assert made.access_key is not None
    again = world.user_service.put(ASK, ADMIN)
    assert (again.created, again.password, again.access_key) == (False, "", None)


def test_a_second_put_changes_nothing_and_leaves_no_event(world) -> None:
    world.user_service.put(ASK, ADMIN)
    writes = len(world.writes)
    world.user_service.put(ASK, ADMIN)
    assert len(world.writes) == writes
    assert len(world.log.events) == 1


def test_no_secret_is_recorded_anywhere(world) -> None:
    made = world.user_service.put(ASK, ADMIN)
    recorded = " ".join(to_json(event) for event in world.log.events) + repr(world.log.users) + repr(made)
    assert made.password not in recorded
    assert "s3cret-key" not in recorded


def test_the_event_says_what_was_before_and_after(world) -> None:
    world.user_service.put(ASK, ADMIN)
    world.user_service.put(replace(ASK, groups=(), console_access=False), ADMIN)
    created, changed = (event.detail for event in world.log.events)
    assert (created["before"], created["after"]["groups"]) == (None, ["engineers"])
    assert (changed["before"]["console_access"], changed["after"]["console_access"]) == (True, False)


def test_a_put_brings_tags_groups_and_sign_in_to_what_is_asked(world) -> None:
    world.user_service.put(ASK, ADMIN)
    world.user_service.put(UserAsk("bob", {"team": "db"}, ("locked",)), ADMIN)
    user = world.users.held["bob"]
    assert (user.tags["team"], user.groups, user.console_access) == ("db", ("locked",), False)


def tagged(world: World, **tags: str) -> None:
    """Somebody tags bob by hand; the names are those after `access-broker:`."""
    bob = world.users.held["bob"]
    world.users.held["bob"] = replace(bob, tags={**bob.tags, **{f"access-broker:{key}": tags[key] for key in tags}})


def test_a_put_leaves_a_suspended_user_suspended_and_linked_to_chat(world) -> None:
    world.user_service.put(ASK, ADMIN)
    tagged(world, suspended="leaver", slack="T1/UBOB")
    world.user_service.put(UserAsk("bob", {"access-broker:slack": "T1/UBOB2"}), ADMIN)
    tags = world.users.held["bob"].tags
    assert (tags["access-broker:suspended"], tags["access-broker:slack"]) == ("leaver", "T1/UBOB2")
    assert "team" not in tags


def test_a_put_that_is_undone_leaves_suspended_who_was_suspended_meanwhile(world) -> None:
    world.user_service.put(ASK, ADMIN)
    before = world.users.held["bob"].tags
    world.users.own["bob"] = (GivenPolicy("inline policy by-hand", ALLOW),)
    policies: Callable[[User], tuple[GivenPolicy, ...]] = world.users.policies

    def somebody_suspends_bob_while_iam_is_read(user: User) -> tuple[GivenPolicy, ...]:
        tagged(world, suspended="leaver")
        return policies(user)

    world.users.policies = somebody_suspends_bob_while_iam_is_read
    with pytest.raises(Conflict, match="inline policy by-hand"):
        world.user_service.put(UserAsk("bob", {"access-broker:team": "db"}), ADMIN)
    assert world.users.held["bob"].tags == {**before, "access-broker:suspended": "leaver"}


def test_a_group_that_grants_is_refused_unless_asked_for(world) -> None:
    with pytest.raises(InvalidRequest, match="group admins: attached policy AdministratorAccess"):
        world.user_service.put(UserAsk("bob", groups=("admins",)), ADMIN)
    assert world.writes == []
    made = world.user_service.put(UserAsk("bob", groups=("admins",), groups_may_grant=True), ADMIN)
    assert made.view.grants == ("group admins: attached policy AdministratorAccess",)


def test_a_group_that_only_denies_or_does_not_exist(world) -> None:
    assert world.user_service.put(UserAsk("bob", groups=("locked",)), ADMIN).view.grants == ()
    with pytest.raises(NotFound, match="nowhere"):
        world.user_service.put(UserAsk("eve", groups=("nowhere",)), ADMIN)


def test_a_group_outside_the_brokers_path_is_named_before_iam_refuses_it(world) -> None:
    world.users.group_paths = {"engineers": "/"}
    with pytest.raises(InvalidRequest) as refused:
        world.user_service.put(ASK, ADMIN)
    assert list(refused.value.fields) == ["groups"]
    assert names(refused.value.fields["groups"], "engineers", "/access-broker/")
    assert world.writes == []


def test_zero_access_is_what_iam_says_afterwards_not_what_was_meant(world) -> None:
    world.users.own["bob"] = (GivenPolicy("inline policy by-hand", ALLOW),)
    with pytest.raises(Conflict, match="inline policy by-hand"):
        world.user_service.put(ASK, ADMIN)
    assert world.users.held == {}


def test_a_user_that_is_not_ours_is_left_alone(world) -> None:
    world.user_service.put(ASK, ADMIN)
    ours = world.users.held["bob"]
    for stranger in (
        replace(ours, path="/"),
        replace(ours, tags={}),
        replace(ours, tags={"access-broker:managed": "true"}),
    ):
        world.users.held["bob"] = stranger
        for act in (world.user_service.put, lambda ask, by: world.user_service.delete(ask.name, by)):
            with pytest.raises((Conflict, NotFound)):
                act(ASK, ADMIN)
        assert world.users.held["bob"] == stranger


def test_a_warning_tells_when_the_first_sign_in_would_fail(world) -> None:
    world.account.policy = PasswordPolicy(min_length=40)
    made = world.user_service.put(ASK, ADMIN)
    assert len(made.password) == 40
    assert "AllowUsersToChangePassword" in made.warnings[0]


def test_a_deleted_user_is_gone_and_the_event_says_how_they_were(world) -> None:
    world.user_service.put(ASK, ADMIN)
    world.user_service.delete("bob", ADMIN)
    assert (world.users.held, world.log.users) == ({}, {})
    event = world.log.events[-1]
    assert (event.type, event.detail["before"]["groups"], event.detail["after"]) == ("delete", ["engineers"], None)
    with pytest.raises(NotFound):
        world.user_service.show("bob")


def test_a_delete_that_cannot_be_recorded_does_not_happen(world) -> None:
    world.user_service.put(ASK, ADMIN)
    before, world.log.fails_with = world.users.held["bob"], AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.user_service.delete("bob", ADMIN)
    assert world.users.held["bob"] == before


def test_a_delete_that_fails_is_told_and_can_be_repeated(world) -> None:
    world.user_service.put(ASK, ADMIN)
    world.happens.at = {len(world.writes) + 1: RefusedByAws("no", "DeleteConflict")}
    with pytest.raises(RefusedByAws):
        world.user_service.delete("bob", ADMIN)
    assert [event.detail["action"] for event in world.log.events[1:]] == ["delete_user", "delete_user_failed"]
    assert world.log.events[-1].detail["after"]["groups"] == ["engineers"]
    world.user_service.delete("bob", ADMIN)
    assert (world.users.held, world.log.users) == ({}, {})


@pytest.mark.parametrize("extension", [1, 2])
def test_no_user_stays_whose_delete_is_on_record_because_a_lease_was_lost(world, extension) -> None:
    world.user_service.put(ASK, ADMIN)
    world.lease_store.extensions = 0
    world.lease_store.before_extending = {
        extension: lambda: world.lease_store.held.update({"user/bob": ("another", world.now)})
    }
    with suppress(LeaseLost):
        world.user_service.delete("bob", ADMIN)
    recorded = "delete" in [event.type for event in world.log.events]
    assert recorded == ("bob" not in world.users.held)


def test_a_password_is_taken_only_once_that_is_on_record(world) -> None:
    world.user_service.put(ASK, ADMIN)
    before, world.log.fails_with = world.users.held["bob"], AuditUnavailable("no")
    with pytest.raises(AuditUnavailable):
        world.user_service.put(replace(ASK, console_access=False), ADMIN)
    assert world.users.held["bob"] == before


def test_a_user_that_somebody_else_makes_in_the_same_moment_is_not_deleted(world) -> None:
    def they_are_faster() -> None:
        world.users.held["bob"] = User("bob", "arn", "/access-broker/", "AIDAPROD")

    world.happens.at = {1: they_are_faster}
    with pytest.raises(Conflict):
        world.user_service.put(ASK, ADMIN)
    assert world.users.held["bob"].unique_id == "AIDAPROD"


def test_a_finished_user_whose_tags_iam_shows_late_is_not_made_anew(world) -> None:
    made = world.user_service.put(ASK, ADMIN)
    tagged(world, unfinished="true")
    again = world.user_service.put(ASK, ADMIN)
    assert again.view.user.unique_id == made.view.user.unique_id
    assert world.users.held["bob"].access_keys == (made.access_key.access_key_id,)
    assert UNFINISHED_TAG not in world.users.held["bob"].tags


def test_a_name_that_differs_from_a_users_in_letter_case_only_is_nobodys(world) -> None:
    world.user_service.put(ASK, ADMIN)
    read = world.users.read
    world.users.read = lambda name: read(name.lower())
    with pytest.raises(Conflict, match=naming("bob")):
        world.user_service.put(replace(ASK, name="BOB"), ADMIN)
    with pytest.raises(NotFound):
        world.user_service.delete("BOB", ADMIN)


def test_show_answers_what_iam_says_now(world) -> None:
    world.user_service.put(ASK, ADMIN)
    world.users.own["bob"] = (GivenPolicy("inline policy by-hand", ALLOW),)
    view = world.user_service.show("bob")
    assert view.grants == ("inline policy by-hand",)
    assert asdict(view.user)["console_access"]


def test_a_name_that_iam_holds_in_another_letter_case_but_does_not_show_is_a_conflict(world) -> None:
    world.user_service.put(ASK, ADMIN)
    with pytest.raises(Conflict, match="letter case"):
        world.user_service.put(UserAsk("BOB"), ADMIN)
    assert set(world.users.held) == {"bob"}


def test_a_user_has_fifty_tags_at_most_with_the_brokers_own(world) -> None:
    for count in (48, 51):
        with pytest.raises(InvalidRequest) as error:
            world.user_service.put(UserAsk("bob", {f"tag-{number}": "x" for number in range(count)}), ADMIN)
        assert error.value.fields == {"tags": "at most 47 beside the broker's own"}
        assert world.writes == []
    world.user_service.put(UserAsk("bob", {f"tag-{number}": "x" for number in range(47)}), ADMIN)
    assert len(world.users.held["bob"].tags) == 49


def test_tags_of_the_broker_that_stay_count_too(world) -> None:
    world.user_service.put(UserAsk("bob", {"access-broker:slack": "T1/UBOB"}), ADMIN)
    with pytest.raises(InvalidRequest) as error:
        world.user_service.put(UserAsk("bob", {f"tag-{number}": "x" for number in range(47)}), ADMIN)
    assert error.value.fields == {"tags": "at most 46 beside the broker's own"}


def test_a_slack_account_is_linked_to_one_user(world) -> None:
    world.user_service.put(UserAsk("bob", {"access-broker:slack": "T1/UBOB"}), ADMIN)
    with pytest.raises(InvalidRequest) as error:
        world.user_service.put(UserAsk("mallory", {"access-broker:slack": "T1/UBOB"}), ADMIN)
    assert set(error.value.fields) == {"tags.access-broker:slack"}
    assert set(world.users.held) == {"bob"}
    world.user_service.put(UserAsk("bob", {"access-broker:slack": "T1/UBOB", "team": "web"}), ADMIN)
    world.user_service.put(UserAsk("mallory", {"access-broker:slack": "T1/UMAL"}), ADMIN)
