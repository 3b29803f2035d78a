"""Cleaning up: look, stay within the budget, act, tidy, report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.report import Failure, KeyReport, Report, Spending
from chalicelib.cleanup.domain.users import findings
from chalicelib.cleanup.services.steps import Steps
from chalicelib.core.domain.errors import BrokerError
from chalicelib.core.services.leases import LeaseTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.cleanup.domain.report import Budget
    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.cleanup.domain.users import UserFacts
    from chalicelib.cleanup.services.act import RoleRetirement
    from chalicelib.cleanup.services.keys import KeyRetirement
    from chalicelib.cleanup.services.tidy import Tidier
    from chalicelib.core.services.leases import Leases

LEASE = "cleanup"

ONE_RUN_AT_A_TIME = LeaseTerms(seconds=120, wait_seconds=0, work="clean-up run")
"""A run that was killed keeps the next one out for two minutes after its last act. No run waits for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRun:
    """Runs on a schedule; `rehearse` says what a run would do and changes nothing."""

    role_retirement: RoleRetirement
    key_retirement: KeyRetirement
    tidier: Tidier
    leases: Leases
    budget: Budget

    def rehearse(self) -> Report:
        """Report what a run would do now."""
        report = self._look()
        moving = (found for found in report.sight.found if found.moves and (report.may_act or not found.acts))
        changes = {found.role.name: found.verdict.stage for found in moving}
        users, failures = self.tidier.users(patient=False)
        report = self._with_users(replace(report, dry_run=True, changes=changes), users, failures)
        would = {found.key.id: found.verdict.stage for found in report.keys.moving}
        return replace(report, keys=replace(report.keys, changes=would))

    def run(self) -> Report:
        """Do it; Conflict if another run is at it."""
        run = self.role_retirement.records.new_id(self.role_retirement.records.clock())
        with self.leases.hold(LEASE) as lease:
            report = self._look(run)
            steps: Steps[Stage] = Steps()
            self._step(report, steps, lease.extend)
            report = self._tidied(replace(report, changes=steps.changes), steps)
            users, failures = self.tidier.users(patient=True)
            report = self._step_keys(self._with_users(report, users, failures), lease.extend)
            self.role_retirement.records.ran(report)
        return report

    def _look(self, run: str = "") -> Report:
        now, account_scan = self.role_retirement.records.clock(), self.role_retirement.account_scan
        sight = account_scan.look(now)
        wanted = sum(found.acts for found in sight.found)
        spending = Spending(wanted, self.budget.limit(sight.ours))
        terms, failures = account_scan.ours.terms, sight.unseen
        return Report(run, now, terms.up_to, sight, spending, failures=failures, complete=sight.complete)

    def _step(self, report: Report, steps: Steps[Stage], keep: Callable[[], None]) -> None:
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

    def _tidied(self, report: Report, steps: Steps[Stage]) -> Report:
        tidied, untidied = self.tidier.tidy()
        failures = (*report.failures, *steps.failures, *untidied)
        return replace(report, tidied=tidied, failures=failures, complete=report.complete and steps.complete)

    def _with_users(self, report: Report, users: Sequence[UserFacts], failures: tuple[Failure, ...]) -> Report:
        """The report with findings about users, and with their keys. Without users, nothing is known of keys either."""
        terms, key_terms = self.role_retirement.account_scan.ours.terms, self.key_retirement.terms
        found = tuple(finding for user in users for finding in findings(user, terms, key_terms, report.at))
        keys = KeyReport(up_to=key_terms.up_to)
        if not failures:
            try:
                keys = self.key_retirement.look(users, self.budget)
            except BrokerError as error:
                failures = (Failure("", f"access keys: {error.detail}"),)
        return replace(report, users=found, keys=keys, failures=(*report.failures, *failures))

    def _step_keys(self, report: Report, keep: Callable[[], None]) -> Report:
        """Move the keys. If AWS was too busy for the roles, leave the keys alone."""
        if not report.complete:
            return report
        steps = self.key_retirement.run(report.keys, keep)
        keys = replace(report.keys, changes=steps.changes)
        return replace(report, keys=keys, failures=(*report.failures, *steps.failures), complete=steps.complete)
