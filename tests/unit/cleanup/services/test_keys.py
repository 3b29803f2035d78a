"""Keys that get old, run by run: second looks, late uses, restores, the budget, and what AWS does not answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.cleanup.domain.key_terms import KeyTerms
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, NotFound
from chalicelib.core.services.leases import LeaseLost
from tests.fakes.cleanup import CleanupWorld
from tests.fakes.cleanup_users import OURS
from tests.fakes.provisioning import START
from tests.wording import names

ALL = KeyTerms(up_to="deactivated")
BY_AGE = replace(ALL, by="age")


def keys_of(*keys: str, terms: KeyTerms = ALL) -> CleanupWorld:
    world = CleanupWorld(key_terms=terms)
    world.keys.add(*keys)
    return world


def night(world: CleanupWorld, days: float = 1) -> dict[str, str]:
    """So many days later a run; the changes it made."""
    world.pass_days(days)
    world.people.users = world.keys.report()
    report = world.cleanup_run.run()
    assert report.failures == ()
    return dict(report.keys.changes)


def deactivated(terms: KeyTerms = ALL) -> CleanupWorld:
    """The key dana-1 on the night of its deactivation."""
    world = keys_of("dana-1", terms=terms)
    for days in (90, 7, 14):
        night(world, days)
    assert world.keys.inactive == {"dana-1"}
    return world


def test_a_warning_tells_the_owner_a_date_before_anything_happens() -> None:
    world = keys_of("dana-1", terms=replace(ALL, up_to="warned"))
    night(world, 90)
    night(world, 7)
    assert night(world, 100) == {}
    assert world.keys.marks.events[-1].detail["next_at"] is None
    world.key_terms = ALL
    assert night(world) == {"dana-1": "warned"}
    told = world.keys.marks.events[-1].detail
    assert names(told["what_to_do"], "broker keys rotate", "broker keys delete dana-1", told["next_at"][:10])
    assert night(world, 13) == {}
    world.key_terms = replace(ALL, deactivate_after=timedelta(days=30))
    assert night(world) == {"dana-1": "deactivated"}


def test_every_step_is_told_with_why_and_to_whom() -> None:
    world = CleanupWorld(key_terms=ALL)
    world.keys.add("dana-1", tags={**OURS, "access-broker:slack": "T1/U1"})
    for days in (90, 7, 14):
        night(world, days)
    event = world.keys.marks.events[-1]
    assert (event.type, event.role, event.origin.caller.name) == ("cleanup", "", "broker-dev-cleanup")
    told = dict(event.detail)
    assert names(told.pop("why"), "2026-11-23", "111", "90")
    assert names(told.pop("what_to_do"), "broker keys restore dana")
    assert told == {"key": "dana-1", "stage": "deactivated", "before": "warned", "code": "old", "owner": "dana",
                           "owner_in_slack": "T1/U1", "next_stage": None, "next_at": None}  # fmt: skip


@pytest.mark.parametrize("nights", [(90,), (90, 7)])
def test_a_key_used_between_the_look_and_the_act_is_taken_back(nights) -> None:
    world = keys_of("dana-1")
    for days in nights:
        night(world, days)
    world.pass_days(14)
    world.people.users = world.keys.report()
    report = world.cleanup_run.key_retirement.look(world.people.users, world.budget)
    world.keys.use("dana-1")
    assert world.cleanup_run.key_retirement.run(report, lambda: None).changes == {"dana-1": "alive"}
    assert world.keys.inactive == set()


def test_the_provisioner_asks_for_the_last_use_once_more() -> None:
    world = keys_of("dana-1")
    night(world, 90)
    night(world, 7)
    world.pass_days(14)
    world.people.users = world.keys.report()
    world.kill_at("mark dana-1 deactivated")
    world.iam.happens.at = dict.fromkeys(world.iam.happens.at, lambda: world.keys.use("dana-1"))
    report = world.cleanup_run.run()
    assert ["used meanwhile" in failure.why for failure in report.failures] == [True]
    assert world.keys.inactive == set()
    world.iam.happens.at.clear()
    assert night(world) == {"dana-1": "alive"}


def test_a_use_since_the_report_counts_even_if_no_run_came_for_long() -> None:
    world = keys_of("dana-1")
    night(world, 90)
    world.pass_days(1)
    world.keys.use("dana-1")
    assert night(world, 95) == {"dana-1": "alive"}
    assert world.keys.told[-1] == ("dana-1", "alive", "used_since")


def test_a_use_that_iam_tells_late_brings_a_key_back_by_itself() -> None:
    world = deactivated()
    before = world.keys.keys_held["dana-1"]
    world.keys.keys_held["dana-1"] = replace(before, last_used_at=world.iam.now - timedelta(hours=1))
    assert night(world) == {"dana-1": "alive"}
    assert world.keys.inactive == set()
    assert night(world) == {}


@pytest.mark.parametrize("terms", [ALL, BY_AGE])
def test_a_restored_key_has_its_whole_time_again(terms: KeyTerms) -> None:
    world = deactivated(terms)
    assert (world.keys.restore("dana"), world.keys.restore("dana")) == (("dana-1",), ())
    assert [night(world) for _ in range(89)] == [{}] * 89
    assert night(world) == {"dana-1": "reported"}
    assert [event.detail["action"] for event in world.iam.log.events] == ["deactivate_key", "restore_key"]


def test_a_key_activated_in_iam_by_hand_counts_as_restored() -> None:
    world = deactivated()
    world.keys.set_key_status("dana", "dana-1", "Active")
    assert night(world) == {"dana-1": "alive"}
    assert night(world, 89) == {}


def test_a_key_that_a_person_shut_after_it_had_come_back_stays_shut() -> None:
    """Deactivated by clean-up, activated and used, and shut by hand because it leaked, between two runs."""
    world = deactivated()
    world.pass_days(0.5)
    world.keys.set_key_status("dana", "dana-1", "Active")
    world.keys.use("dana-1")
    world.keys.set_key_status("dana", "dana-1", "Inactive")
    assert night(world, 0.5) == {"dana-1": "alive"}
    assert world.keys.told[-1] == ("dana-1", "alive", "inactive")
    assert (world.keys.inactive, world.keys.restore("dana")) == ({"dana-1"}, ())
    assert night(world) == {}


def test_a_key_that_its_owner_made_inactive_is_not_restored() -> None:
    world = keys_of("dana-1", "dana-2")
    world.keys.set_own("dana-2", "Inactive")
    for days in (90, 7, 14):
        night(world, days)
    assert world.keys.restore("dana") == ("dana-1",)
    assert world.keys.inactive == {"dana-2"}
    for days in (90, 7, 14):
        night(world, days)
    world.keys.set_own("dana-1", "Inactive")
    assert world.keys.restore("dana") == ()
    assert night(world) == {}


def test_nothing_of_users_that_the_broker_did_not_make_is_touched() -> None:
    world = CleanupWorld(key_terms=ALL)
    world.keys.add("ivo-1", tags={})
    world.keys.add("jon-1", path="/")
    world.keys.add("kim-1", tags={**OURS, "access-broker:deployment": "other"})
    assert [night(world, days) for days in (90, 7, 14)] == [{}, {}, {}]
    for name in ("ivo", "jon", "kim", "lou"):
        with pytest.raises(NotFound):
            world.keys.restore(name)
        with pytest.raises(NotFound):
            world.keys.service.deactivate(name, f"{name}-1", None, world.cleanup_run.key_retirement.records.origin)
    assert world.keys.inactive == set()


def test_more_keys_than_the_budget_are_reported_and_none_goes_further() -> None:
    world = keys_of(*(f"user{number}-1" for number in range(5)))
    night(world, 90)
    world.budget = replace(world.budget, roles=4)
    assert night(world, 7) == {}
    report = world.cleanup_run.rehearse()
    assert (report.keys.spending.wanted, report.keys.spending.exceeded, report.keys.changes) == (5, True, {})
    world.budget = replace(world.budget, roles=5)
    assert set(night(world).values()) == {"warned"}


def test_without_a_record_no_key_is_deactivated() -> None:
    world = keys_of("dana-1")
    night(world, 90)
    night(world, 7)
    world.iam.log.fails_with = AuditUnavailable("the table is away")
    world.pass_days(14)
    world.people.users = world.keys.report()
    assert [failure.why for failure in world.cleanup_run.run().failures] == ["access key dana-1: the table is away"]
    assert world.keys.inactive == set()
    world.iam.log.fails_with = None
    assert night(world) == {"dana-1": "deactivated"}


def test_without_the_lease_of_the_user_no_key_is_deactivated() -> None:
    world = keys_of("dana-1")
    night(world, 90)
    night(world, 7)
    world.pass_days(14)
    origin = world.cleanup_run.key_retirement.records.origin
    world.iam.lease_store.lose_next = 1
    with pytest.raises(LeaseLost):
        world.keys.service.deactivate("dana", "dana-1", None, origin)
    assert world.keys.inactive == set()


def test_where_aws_was_too_busy_for_roles_keys_wait() -> None:
    world = keys_of("dana-1")
    world.add("tool")
    world.account.throttled = (0, AwsUnavailable("busy"))
    assert night(world, 90) == {}
    world.account.throttled = None
    assert night(world) == {"dana-1": "reported"}


def test_where_the_report_of_users_is_not_ready_keys_wait() -> None:
    world = keys_of("dana-1")
    night(world, 90)
    world.pass_days(7)
    world.people.fails_with = AwsUnavailable("not ready")
    report = world.cleanup_run.run()
    assert (report.keys.changes, [failure.why for failure in report.failures]) == (
        {},
        ["IAM's credential report: not ready"],
    )


def test_a_rehearsal_says_what_a_run_would_do_and_changes_nothing() -> None:
    world = keys_of("dana-1")
    world.pass_days(90)
    world.people.users = world.keys.report()
    report = world.cleanup_run.rehearse()
    assert (report.keys.changes, world.keys.stages) == ({"dana-1": "reported"}, {})
    assert report.keys.found[0].verdict.next_at == START + timedelta(days=97)
