"""A run also tidies what is past its end. It goes on if something cannot be tidied."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.cleanup.domain.users import UserFacts
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable
from tests.fakes.provisioning import START
from tests.unit.cleanup.services.test_run import fleet, world

__all__ = ["world"]


def test_what_else_is_past_its_end_is_tidied_and_told(world) -> None:
    world.people.users = [UserFacts("sts_user", START - timedelta(days=60), has_password=True)]
    report = world.cleanup_run.run()
    assert (report.tidied.revocations, report.tidied.requests, report.tidied.grants) == (1, 2, 3)
    assert [(user.name, user.code) for user in report.users] == [("sts_user", "never_signed_in")]
    (summary,) = world.marks.runs
    assert summary.detail["tidied"] == {"revocations": 1, "requests": 2, "grants": 3}
    assert summary.detail["users"] == ["sts_user"]


def test_what_cannot_be_tidied_keeps_no_role_from_being_cleaned_up(world) -> None:
    fleet(world, 1, 0)
    world.provisioner.fails["prune_revocations", ""] = AwsUnavailable("busy")
    world.lapses.fails_with = AuditUnavailable("no table")
    world.people.fails_with = AwsUnavailable("not ready")
    report = world.cleanup_run.run()
    assert world.quarantined == {"due-00"}
    told = [failure.why for failure in report.failures]
    assert [why.rpartition(": ")[2] for why in told] == ["busy", "no table", "not ready"]
