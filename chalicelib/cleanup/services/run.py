"""Cleaning up: look, stay within the budget, act, tidy, report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.report import Failure, Report, Spending
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, BrokerError
from chalicelib.core.domain.roles import split_role_name
from chalicelib.core.services.leases import LeaseLost, LeaseTerms

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.cleanup.domain.report import Budget
    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.cleanup.services.act import RoleRetirement
    from chalicelib.cleanup.services.tidy import Tidier
    from chalicelib.core.services.leases import Leases

LEASE = "cleanup"

ONE_RUN_AT_A_TIME = LeaseTerms(seconds=120, wait_seconds=0, work="clean-up run")
"""A run that was killed keeps the next one out for two minutes after its last act. No run waits for another."""

AWS_IS_BUSY = (AuditUnavailable, AwsUnavailable, LeaseLost)
"""Errors that end a run early. The next run does the rest."""


@dataclass(slots=True)
class Steps:
    """The steps of a run so far. `lost` are member accounts that do not answer: their roles are left alone."""

    changes: dict[str, Stage] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    complete: bool = True

    def take(self, role: str, step: Callable[[], Stage | None]) -> None:
        """One step. What it could not do is for the next run.

        If AWS is busy, so are all others; if that is in a member account, all others there.
        """
        account, _ = split_role_name(role)
        if not self.complete or account in self.lost:
            return
        try:
            stage = step()
        except AWS_IS_BUSY as busy:
            self.failures.append(Failure(role, busy.detail, account))
            if account and isinstance(busy, AwsUnavailable):
                self.lost.add(account)
            else:
                self.complete = False
        except BrokerError as failure:
            self.failures.append(Failure(role, failure.detail, account))
        else:
            self.changes |= {role: stage} if stage else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRun:
    """Runs on a schedule; `rehearse` says what a run would do and changes nothing."""

    role_retirement: RoleRetirement
    tidier: Tidier
    leases: Leases
    budget: Budget

    def rehearse(self) -> Report:
        """Report what a run would do now."""
        report = self._look()
        moving = (found for found in report.sight.found if found.moves and (report.may_act or not found.acts))
        changes = {found.role.name: found.verdict.stage for found in moving}
        users, failures = self.tidier.look(report.at, patient=False)
        failures = (*report.sight.unseen, *failures)
        return replace(report, dry_run=True, changes=changes, users=users, failures=failures)

    def run(self) -> Report:
        """Do it; Conflict if another run is at it."""
        run = self.role_retirement.records.new_id(self.role_retirement.records.clock())
        with self.leases.hold(LEASE) as lease:
            report = self._look(run)
            steps = Steps()
            self._step(report, steps, lease.extend)
            report = self._tidied(replace(report, changes=steps.changes), steps)
            self.role_retirement.records.ran(report)
        return report

    def _look(self, run: str = "") -> Report:
        now, account_scan = self.role_retirement.records.clock(), self.role_retirement.account_scan
        sight = account_scan.look(now)
        wanted = sum(found.acts for found in sight.found)
        spending = Spending(wanted, self.budget.limit(sight.ours))
        return Report(run, now, account_scan.ours.terms.up_to, sight, spending, complete=sight.complete)

    def _step(self, report: Report, steps: Steps, keep: Callable[[], None]) -> None:
        """Taking back and reporting need no budget. Acting does, and a pass that saw every role."""
        role_retirement, sight = self.role_retirement, report.sight
        moving = [found for found in sight.found if found.moves]
        for found in (one for one in moving if one.verdict.stage == "alive"):
            steps.take(found.role.name, partial(role_retirement.take_back, found))
        for mark in sight.gone:
            steps.take(mark.role, partial(role_retirement.bury, mark))
        for found in (one for one in moving if one.verdict.stage == "reported"):
            steps.take(found.role.name, partial(role_retirement.report, found))
        if not report.may_act:
            return
        for found in (one for one in moving if one.acts):
            steps.take(found.role.name, partial(role_retirement.go_on, found.role.name, keep))

    def _tidied(self, report: Report, steps: Steps) -> Report:
        tidied, untidied = self.tidier.tidy()
        users, unseen = self.tidier.look(report.at, patient=True)
        failures = (*report.sight.unseen, *steps.failures, *untidied, *unseen)
        complete = report.complete and steps.complete
        return replace(report, tidied=tidied, users=users, failures=failures, complete=complete)
