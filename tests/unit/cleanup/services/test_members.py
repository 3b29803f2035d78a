"""Clean-up in member accounts: every stage there, and one of five accounts out of reach."""

from __future__ import annotations

import pytest

from chalicelib.cleanup.domain.terms import Terms
from tests.fakes.cleanup import CleanupWorld
from tests.fakes.provisioning import DEPLOYMENT
from tests.wording import names

FIVE = tuple(f"{number}" * 12 for number in range(1, 6))
OUT = FIVE[2]


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


def everywhere(world: CleanupWorld, stage: str = "", days: float = 0) -> None:
    for account in FIVE:
        name = f"{account}:tool"
        world.add(name)
        world.iam.log.roles[name] = world.catalogued(name)
        if stage:
            world.at(name, stage, days)  # type: ignore[arg-type]


def test_a_role_of_a_member_account_passes_every_stage_and_comes_back_with_one_command(world) -> None:
    name = f"{FIVE[0]}:tool"
    world.add(name, managed_policies=("arn:aws:iam::aws:policy/AmazonEC2FullAccess",))
    world.iam.log.roles[name] = world.catalogued(name)
    before = world.iam.roles.held[name].state
    for days, stage in ((0, "reported"), (7, "warned"), (14, "quarantined"), (30, "deleted")):
        world.pass_days(days)
        report = world.cleanup_run.run()
        assert (world.stages, report.changes) == ({name: stage}, {name: stage})
        assert (name in world.quarantined) == (stage == "quarantined")
    assert names(world.marks.events[-1].detail["what_to_do"], f"broker roles restore {name}")
    world.restore(name)
    assert world.iam.roles.held[name].state == before


def test_a_role_retired_in_one_account_stays_in_the_others(world) -> None:
    everywhere(world, "quarantined", 30)
    for account in FIVE[1:]:
        world.use(f"{account}:tool")
    report = world.cleanup_run.run()
    assert report.changes == {f"{FIVE[0]}:tool": "deleted", **{f"{one}:tool": "alive" for one in FIVE[1:]}}
    assert set(world.iam.roles.held) == {f"{one}:tool" for one in FIVE[1:]}
    assert world.quarantined == set()


@pytest.mark.parametrize(("stage", "days", "after"), [("warned", 14, "quarantined"), ("quarantined", 30, "deleted")])
def test_one_of_five_accounts_out_of_reach_is_named_and_the_next_run_finishes_there(world, stage, days, after) -> None:
    everywhere(world, stage, days)
    world.account.shut = {OUT}
    report = world.cleanup_run.run()
    assert world.stages == {f"{one}:tool": stage if one == OUT else after for one in FIVE}
    (failure,) = report.failures
    assert (failure.account, names(failure.why, OUT, "AccessDenied")) == (OUT, True)
    assert (report.complete, report.sight.gone, report.sight.drift) == (True, (), ())
    world.account.shut = set()
    assert world.cleanup_run.run().changes == {f"{OUT}:tool": after}


def test_an_account_that_shuts_the_broker_out_between_look_and_act_does_not_stop_the_others(world) -> None:
    everywhere(world, "warned", 14)
    world.add(f"{OUT}:other")
    world.at(f"{OUT}:other", "warned", 14)
    before = world.account.of_members

    def then_shut(named):
        yield from list(before(named))
        world.account.shut = {OUT}

    world.account.of_members = then_shut
    report = world.cleanup_run.run()
    assert set(report.changes) == {f"{one}:tool" for one in FIVE if one != OUT}
    assert ([one.account for one in report.failures], report.complete) == ([OUT], True)


def test_a_rehearsal_names_the_account_out_of_reach_too(world) -> None:
    everywhere(world)
    world.account.shut = {OUT}
    report = world.cleanup_run.rehearse()
    assert ([one.account for one in report.failures], len(report.changes)) == ([OUT], 4)
    assert world.stages == {}


def test_an_account_that_left_is_no_failure_and_its_roles_keep_their_marks(world) -> None:
    everywhere(world, "warned", 1)
    world.account.left = {OUT}
    report = world.cleanup_run.run()
    assert (report.failures, report.sight.gone, report.sight.drift) == ((), (), ())
    assert f"{OUT}:tool" in world.stages


def test_a_role_that_an_administrator_there_deleted_is_told_as_drift_and_forgotten(world) -> None:
    everywhere(world, "warned", 1)
    del world.iam.roles.held[f"{OUT}:tool"]
    report = world.cleanup_run.run()
    assert [one.role for one in report.sight.drift] == [f"{OUT}:tool"]
    assert f"{OUT}:tool" not in world.stages


def test_a_boundary_of_another_account_is_not_the_roles_own(world) -> None:
    world.terms = Terms(up_to="deleted")
    name = f"{FIVE[0]}:tool"
    world.add(name, boundary_arn=DEPLOYMENT.boundary_arn)
    world.iam.log.roles[name] = world.catalogued(name)
    assert dict(world.cleanup_run.run().sight.alive) == {"unbounded": 1}
