"""How clean-up answers: a run, or the rehearsal of one, as docs/cleanup.md describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.cleanup.domain.keys import KeyFound
    from chalicelib.cleanup.domain.report import Found, Report
    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.provisioning.domain.key_marks import KeyStage


def report_document(report: Report) -> dict[str, Any]:
    """The whole report."""
    sight, spending = report.sight, report.spending
    return {
        "run": report.run or None,
        "at": rfc3339(report.at),
        "dry_run": report.dry_run,
        "up_to": report.up_to,
        "complete": report.complete,
        "roles": [role_document(found, report) for found in sight.found],
        "alive": dict(sight.alive),
        "others": sight.others,
        "budget": {**asdict(spending), "exceeded": spending.exceeded},
        "failures": [asdict(failure) for failure in report.failures],
        "drift": [asdict(drift) for drift in sight.drift],
        "users": [asdict(user) for user in report.users],
        "keys": [key_document(found, report) for found in report.keys.found],
        "keys_up_to": report.keys.up_to,
        "key_budget": {**asdict(report.keys.spending), "exceeded": report.keys.spending.exceeded},
        "tidied": asdict(report.tidied),
    }


def role_document(found: Found, report: Report) -> dict[str, Any]:
    """One role: where it is, what this run does to it, and what comes next when at the earliest."""
    verdict, change = found.verdict, report.changes.get(found.role.name)
    stage = found.stage if report.dry_run or not change else change
    waits = found.moves and change is None
    return {
        "name": found.role.name,
        "account": found.role.account,
        "stage": _word(stage),
        "since": _time(report.at if stage != found.stage else found.since),
        "change": change or "",
        "next_stage": verdict.stage if waits else verdict.next_stage,
        "next_at": _time(report.at if waits else verdict.next_at),
        "code": verdict.code,
        "reason": verdict.why,
        "owner": found.role.owner,
    }


def key_document(found: KeyFound, report: Report) -> dict[str, Any]:
    """One access key, shown as a role is, but `next_stage` is null if that stage is off."""
    key, verdict, change = found.key, found.verdict, report.keys.changes.get(found.key.id)
    stage = found.stage if report.dry_run or not change else change
    since = found.mark.since if found.mark and found.mark.staged else None
    waits = found.moves and change is None
    return {
        "id": key.id,
        "user": key.user,
        "stage": _word(stage),
        "since": _time(report.at if stage != found.stage else since),
        "change": change or "",
        "next_stage": verdict.stage if waits else verdict.next_stage,
        "next_at": _time(report.at if waits else verdict.next_at),
        "code": verdict.code,
        "reason": verdict.why,
    }


def _word(stage: Stage | KeyStage) -> str:
    """Nothing, for a role or a key that is nowhere on its way."""
    return "" if stage == "alive" else stage


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
