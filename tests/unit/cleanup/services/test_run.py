"""Clean-up run by run: every stage, the second look, the budget, what AWS does not answer."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.cleanup.domain.facts import Signs
from chalicelib.cleanup.domain.terms import Terms
from tests.fakes.cleanup import CleanupWorld
from tests.fakes.cleanup_users import OURS
from tests.fakes.provisioning import ADMIN, START
from tests.fakes.provisioning_iam import Killed
from tests.wording import names


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


def codes(world: CleanupWorld) -> list[tuple[str, str, str]]:
    return [(event.role, event.detail["stage"], event.detail["code"]) for event in world.marks.events]


def fleet(world: CleanupWorld, due: int, alive: int) -> None:
    for number in range(due):
        world.add(f"due-{number:02}")
        world.at(f"due-{number:02}", "warned", 14)
    for number in range(alive):
        world.add(f"used-{number:02}", used=1)


def test_a_stale_role_passes_every_stage_across_runs_and_comes_back_with_one_command(world) -> None:
    world.add("tool", managed_policies=("arn:aws:iam::aws:policy/AmazonEC2FullAccess",))
    before = world.iam.roles.held["tool"].state
    for days, stage in ((0, "reported"), (6, "reported"), (1, "warned"), (14, "quarantined"), (30, "deleted")):
        world.pass_days(days)
        world.cleanup_run.run()
        assert world.stages == {"tool": stage}
        assert ("tool" in world.quarantined) == (stage == "quarantined")
    assert world.iam.roles.held == {}
    assert [stage for _, stage, _ in codes(world)] == ["reported", "warned", "quarantined", "deleted"]
    world.restore("tool")
    assert world.iam.roles.held["tool"].state == before
    report = world.cleanup_run.run()
    assert (report.changes, dict(report.sight.alive)) == ({}, {"young": 1})


def test_every_step_is_told_with_why_to_whom_and_what_comes_next(world) -> None:
    world.add("tool", tags={**OURS, "access-broker:owner": "team-web"})
    world.cleanup_run.run()
    (told,) = world.marks.events
    assert (told.type, told.role, told.origin.caller.name) == ("cleanup", "tool", "broker-dev-cleanup")
    assert names(why := told.detail["why"], "2026-07-26", "120", "90")
    assert told.detail == {
        "stage": "reported",
        "before": "alive",
        "code": "stale",
        "why": why,
        "next_stage": "warned",
        "next_at": "2026-11-30T12:00:00.000Z",
        "unique_id": "AROA-tool",
        "owner": "team-web",
        "what_to_do": "",
    }


def test_the_owner_is_told_what_to_do_at_each_stage_that_somebody_notices(world) -> None:
    world.add("tool", tags={**OURS, "access-broker:owner": "team-web"})
    for days in (0, 7, 14, 30):
        world.pass_days(days)
        world.cleanup_run.run()
    assert {event.detail["owner"] for event in world.marks.events} == {"team-web"}
    reported, warned, quarantined, deleted = (event.detail["what_to_do"] for event in world.marks.events)
    assert reported == ""
    assert names(warned, "tool", "access-broker:keep", "2026-12-14")
    assert names(quarantined, "broker roles restore tool", "2027-01-13")
    assert names(deleted, "broker roles restore tool")


def test_a_delete_that_was_cut_off_after_its_end_is_still_told_to_the_owner(world) -> None:
    world.add("tool", tags={**OURS, "access-broker:owner": "team-web"})
    for days in (0, 7, 14, 30):
        world.pass_days(days)
        if days == 30:
            world.provisioner.after["delete_role", "tool"] = world.kill
        with suppress(Killed):
            world.cleanup_run.run()
    world.pass_days(1)
    world.cleanup_run.run()
    told = world.marks.events[-1].detail
    assert (told["before"], told["stage"], told["owner"]) == ("quarantined", "deleted", "team-web")
    assert names(told["what_to_do"], "broker roles restore tool")


def test_as_deployed_it_reports_and_does_nothing_else_however_long_it_runs(world) -> None:
    world.terms = Terms()
    world.add("tool")
    for _ in range(10):
        world.cleanup_run.run()
        world.pass_days(40)
    assert world.stages == {"tool": "reported"}
    assert {action for action, _ in world.provisioner.asked} == {"prune_revocations"}


def test_a_run_twice_in_a_row_changes_nothing_the_second_time(world) -> None:
    world.add("tool")
    world.at("tool", "warned", 14)
    world.cleanup_run.run()
    before = world.state
    assert world.cleanup_run.run().changes == {}
    assert world.state == before


def test_what_is_turned_on_later_still_waits_its_time(world) -> None:
    world.terms = Terms()
    world.add("tool")
    world.at("tool", "reported", 100)
    world.cleanup_run.run()
    world.terms = Terms(up_to="deleted")
    world.cleanup_run.run()
    assert world.stages == {"tool": "warned"}
    world.pass_days(13)
    assert world.cleanup_run.run().changes == {}


@pytest.mark.parametrize(("stage", "days"), [("reported", 7), ("warned", 14), ("quarantined", 30)])
def test_a_role_used_between_the_pass_and_the_act_is_taken_back_instead(world, stage, days) -> None:
    world.add("tool")
    world.at("tool", stage, days)
    world.account.after_the_pass = lambda: world.use("tool")
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    assert world.quarantined == set()
    assert "tool" in world.iam.roles.held
    assert codes(world) == [("tool", "alive", "used")]


@pytest.mark.parametrize(
    "signs",
    [Signs(active_session="01k1"), Signs(active_grant="01k2"), Signs(pending_request="01k3"),
     Signs(last_session_at=START), Signs(last_request_at=START), Signs(changed_at=START)],
    ids=["session", "grant", "request", "issued", "asked", "changed"],
)  # fmt: skip
@pytest.mark.parametrize(("stage", "days"), [("reported", 7), ("warned", 14), ("quarantined", 30)])
def test_the_table_is_asked_again_right_before_each_act(world, stage, days, signs) -> None:
    world.add("tool")
    world.at("tool", stage, days)
    world.account.after_the_pass = lambda: world.signs.update(tool=signs)
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    assert world.quarantined == set()


def test_a_role_taken_in_the_very_moment_of_its_quarantine_is_released_at_once(world) -> None:
    world.add("tool")
    world.at("tool", "warned", 14)
    world.provisioner.after["quarantine_role", "tool"] = lambda: world.signs.update(tool=Signs(active_session="01k1"))
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    assert world.quarantined == set()
    assert world.provisioner.asked[:2] == [("quarantine_role", "tool"), ("release_role", "tool")]


def test_any_sign_of_life_brings_a_role_out_of_quarantine_and_back_to_the_start(world) -> None:
    world.add("tool")
    world.at("tool", "quarantined", 3)
    world.use("tool")
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    assert world.quarantined == set()
    world.pass_days(89)
    assert world.cleanup_run.run().changes == {}
    world.pass_days(1)
    assert world.cleanup_run.run().changes == {"tool": "reported"}


def test_a_quarantine_that_somebody_lifted_is_not_put_back(world) -> None:
    world.add("tool")
    world.at("tool", "quarantined", 29)
    world.restore("tool")
    world.pass_days(1)
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    assert world.quarantined == set()
    world.pass_days(60)
    assert world.cleanup_run.run().changes == {}


@pytest.mark.parametrize("signs", [Signs(), Signs(last_request_at=START)])
def test_a_role_whose_quarantine_was_lifted_by_hand_can_be_taken_again(world, signs) -> None:
    world.add("tool")
    free = world.iam.roles.held["tool"]
    world.iam.quarantine.quarantine("tool", ADMIN)
    world.at("tool", "quarantined", 3)
    world.iam.roles.held["tool"], world.signs["tool"] = free, signs
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    assert not world.iam.log.roles["tool"].quarantined
    assert world.cleanup_run.run().failures == ()


def test_a_released_role_that_is_no_longer_ours_is_left_to_its_new_owner(world) -> None:
    world.add("tool", tags={})
    free = world.iam.roles.held["tool"]
    world.at("tool", "quarantined", 3)
    world.iam.roles.held["tool"] = free
    report = world.cleanup_run.run()
    assert (report.changes, report.failures) == ({"tool": "alive"}, ())
    assert "release_role" not in [action for action, _ in world.provisioner.asked]


def test_a_quarantine_of_somebody_else_is_left_alone(world) -> None:
    world.add("tool")
    world.quarantine("tool")
    assert dict(world.cleanup_run.run().sight.alive) == {"quarantined_by_others": 1}
    assert world.quarantined == {"tool"}


def test_a_role_that_lost_its_tag_on_the_way_is_let_go(world) -> None:
    world.add("tool", tags={})
    world.at("tool", "warned", 14)
    assert world.cleanup_run.run().changes == {"tool": "alive"}
    assert codes(world) == [("tool", "alive", "not_ours")]


def test_roles_of_others_are_counted_and_never_looked_up_in_the_table(world) -> None:
    asked: list[str] = []
    of = world.of
    world.of = lambda role, now: asked.append(role) or of(role, now)  # type: ignore[func-returns-value]
    for number in range(5):
        world.add(f"theirs-{number}", tags={})
    world.add("used", used=1)
    world.add("stale")
    report = world.cleanup_run.rehearse()
    assert (report.sight.others, dict(report.sight.alive), asked) == (5, {"used": 1}, ["stale"])


def test_an_empty_account_is_a_run_like_any_other(world) -> None:
    report = world.cleanup_run.run()
    assert (report.complete, report.changes, report.sight.ours, report.spending.exceeded) == (True, {}, 0, False)
    assert len(world.marks.runs) == 1


def test_a_role_deleted_by_hand_is_forgotten_without_a_word(world) -> None:
    world.at("gone", "warned", 3)
    world.cleanup_run.run()
    assert (world.stages, world.marks.events) == ({}, [])


def test_a_role_that_iam_merely_left_out_of_the_pass_keeps_its_mark(world) -> None:
    world.at("hidden", "warned", 3)
    world.account.after_the_pass = lambda: world.add("hidden")
    world.cleanup_run.run()
    assert world.stages == {"hidden": "warned"}


def test_a_namesake_made_again_starts_anew(world) -> None:
    world.add("tool")
    world.at("tool", "warned", 14)
    world.marks.held["tool"] = world.marks.held["tool"].about_to("quarantined")
    world.iam.roles.held["tool"] = type(world.iam.roles.held["tool"])(
        "tool", "arn", "/access-broker/", "AROA-other", world.iam.roles.held["tool"].state
    )
    world.created["AROA-other"] = START - timedelta(days=200)
    assert world.cleanup_run.run().changes == {"tool": "reported"}
    assert world.marks.held["tool"].unique_id == "AROA-other"


def test_roles_that_are_not_what_was_applied_are_named(world) -> None:
    world.add("same", used=1)
    world.add("changed", used=1)
    world.add("unknown", used=1)
    for name in ("same", "changed", "missing"):
        world.iam.log.roles[name] = world.catalogued("same" if name == "missing" else name)
    role = world.iam.roles.held["changed"]
    world.add("changed", used=1, managed_policies=("arn:aws:iam::aws:policy/ReadOnlyAccess",), tags=role.state.tags)
    changed, unknown, missing = world.cleanup_run.rehearse().sight.drift
    assert [one.role for one in (changed, unknown, missing)] == ["changed", "unknown", "missing"]
    assert names(changed.why, "policies")
    assert names(unknown.why, "catalogue")
    assert names(missing.why, "catalogue", "IAM")
