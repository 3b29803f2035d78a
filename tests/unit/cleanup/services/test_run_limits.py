"""The limits of a run: its budget, a rehearsal, and what AWS does not answer."""

from __future__ import annotations

import pytest

from chalicelib.cleanup.domain.report import Budget
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, RefusedByAws, TooManyRequests
from tests.fakes.cleanup import CleanupWorld
from tests.unit.cleanup.services.test_run import fleet


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


@pytest.mark.parametrize(
    ("budget", "due", "alive", "touched"),
    [
        (Budget(3, 100), 3, 0, 3),
        (Budget(3, 100), 4, 0, 0),
        (Budget(100, 10), 2, 18, 2),
        (Budget(100, 10), 3, 17, 0),
        (Budget(100, 10), 1, 3, 1),
        (Budget(0, 100), 1, 3, 0),
    ],
    ids=["roles", "too many roles", "per cent", "too many per cent", "one of few", "none"],
)
def test_the_budget_stops_a_run_before_it_touches_anything(world, budget, due, alive, touched) -> None:
    world.budget = budget
    fleet(world, due, alive)
    report = world.cleanup_run.run()
    assert len(world.quarantined) == touched
    assert report.spending.exceeded == (touched == 0)
    (summary,) = world.marks.runs
    assert summary.detail["budget"] == {"wanted": due, "limit": report.spending.limit, "exceeded": touched == 0}


def test_over_its_budget_a_run_still_reports_and_still_takes_back(world) -> None:
    world.budget = Budget(1, 100)
    fleet(world, 2, 0)
    world.add("new")
    world.add("back")
    world.at("back", "quarantined", 1)
    world.use("back")
    rehearsed = world.cleanup_run.rehearse().changes
    assert world.cleanup_run.run().changes == rehearsed == {"back": "alive", "new": "reported"}
    assert world.quarantined == set()


def test_a_page_that_does_not_come_stops_every_act_and_the_next_run_finishes(world) -> None:
    fleet(world, 3, 0)
    world.add("back")
    world.at("back", "quarantined", 1)
    world.use("back")
    world.at("vanished", "warned", 1)
    world.account.throttled = (2, AwsUnavailable("Throttling"))
    assert world.cleanup_run.rehearse().changes == {"back": "alive"}
    report = world.cleanup_run.run()
    assert (report.complete, report.changes, world.marks.runs[0].detail["complete"]) == (
        False,
        {"back": "alive"},
        False,
    )
    assert "vanished" in world.stages
    world.account.throttled = None
    report = world.cleanup_run.run()
    assert report.complete
    assert len(world.quarantined) == 3
    assert "vanished" not in world.stages


@pytest.mark.parametrize("busy", [AwsUnavailable("busy"), TooManyRequests("busy"), AuditUnavailable("busy")])
def test_when_the_provisioner_is_throttled_the_rest_waits_for_the_next_run(world, busy) -> None:
    fleet(world, 3, 0)
    world.provisioner.fails["quarantine_role", "due-01"] = busy
    report = world.cleanup_run.run()
    assert (report.complete, report.changes) == (False, {"due-00": "quarantined"})
    assert [failure.role for failure in report.failures] == ["due-01"]
    world.provisioner.fails.clear()
    assert world.cleanup_run.run().changes == {"due-01": "quarantined", "due-02": "quarantined"}


def test_one_role_that_aws_refuses_does_not_spare_the_others(world) -> None:
    fleet(world, 3, 0)
    world.provisioner.fails["quarantine_role", "due-01"] = RefusedByAws("AWS refused (AccessDenied).", "AccessDenied")
    report = world.cleanup_run.run()
    assert (report.complete, sorted(report.changes)) == (True, ["due-00", "due-02"])
    assert [(failure.role, failure.why) for failure in report.failures] == [("due-01", "AWS refused (AccessDenied).")]


def test_a_rehearsal_says_what_a_run_does_and_writes_nothing(world) -> None:
    fleet(world, 2, 1)
    world.add("new")
    world.add("back")
    world.at("back", "quarantined", 1)
    world.use("back")
    before, writes = world.state, len(world.iam.writes)
    rehearsal = world.cleanup_run.rehearse()
    assert (world.state, len(world.iam.writes), world.provisioner.orders) == (before, writes, [])
    assert dict(rehearsal.changes) == world.cleanup_run.run().changes
    assert rehearsal.dry_run
    assert world.people.waits == [False, True]  # a person waits for a rehearsal
