"""Cleaning up: look, stay within the budget, act, tidy, report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.report import Failure, Report, Spending
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, BrokerError, Conflict
from chalicelib.core.services.leases import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.cleanup.domain.report import Budget
    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.cleanup.services.act import RoleRetirement
    from chalicelib.cleanup.services.tidy import Tidier
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.leases import LeaseStore

LEASE = "cleanup"

LEASE_TIME = timedelta(minutes=2)
"""How long after its last act a run that was killed keeps the next one out."""

AWS_IS_BUSY = (AuditUnavailable, AwsUnavailable, LeaseLost)
"""What ends a run early: the rest is for the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLease:
    """One run at a time. `clock` tells the real time, whatever the clean-up's own clock is set to."""

    store: LeaseStore
    clock: Clock

    def take(self, run: str) -> None:
        """Conflict if another run has it."""
        now = self.clock()
        if not self.store.take(LEASE, run, now, now + LEASE_TIME):
            raise Conflict("Another clean-up run is under way.")

    def keep(self, run: str) -> None:
        """LeaseLost if it ran out and another run has it."""
        if not self.store.extend(LEASE, run, self.clock() + LEASE_TIME):
            raise LeaseLost("Another clean-up run took over.")

    def release(self, run: str) -> None:
        """Let the next run in."""
        self.store.release(LEASE, run)


@dataclass(slots=True)
class Steps:
    """What a run has done so far."""

    changes: dict[str, Stage] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    complete: bool = True

    def take(self, role: str, step: Callable[[], Stage | None]) -> None:
        """One step; what it could not do is for the next run, and so are all others if AWS is busy."""
        if not self.complete:
            return
        try:
            stage = step()
        except AWS_IS_BUSY as busy:
            self.complete = False
            self.failures.append(Failure(role, busy.detail))
        except BrokerError as failure:
            self.failures.append(Failure(role, failure.detail))
        else:
            self.changes |= {role: stage} if stage else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRun:
    """Runs on a schedule; `rehearse` says what a run would do and changes nothing."""

    role_retirement: RoleRetirement
    tidier: Tidier
    lease: RunLease
    budget: Budget

    def rehearse(self) -> Report:
        """What a run at this moment would do."""
        report = self._look()
        moving = (found for found in report.sight.found if found.moves and (report.may_act or not found.acts))
        changes = {found.role.name: found.verdict.stage for found in moving}
        users, failures = self.tidier.look(report.at, patient=False)
        return replace(report, dry_run=True, changes=changes, users=users, failures=failures)

    def run(self) -> Report:
        """Do it; Conflict if another run is at it."""
        run = self.role_retirement.records.new_id(self.role_retirement.records.clock())
        self.lease.take(run)
        try:
            report = self._look(run)
            steps = Steps()
            self._step(report, steps, lambda: self.lease.keep(run))
            report = self._tidied(replace(report, changes=steps.changes), steps)
            self.role_retirement.records.ran(report)
        finally:
            self.lease.release(run)
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
        failures = (*steps.failures, *untidied, *unseen)
        complete = report.complete and steps.complete
        return replace(report, tidied=tidied, users=users, failures=failures, complete=complete)
