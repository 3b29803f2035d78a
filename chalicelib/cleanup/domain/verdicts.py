"""The verdict on a role: the stage it belongs in now, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.staleness import CONDITIONS, Case, Condition, idle, reason_to_spare
from chalicelib.cleanup.domain.terms import Stage, following
from chalicelib.core.domain.roles import KEEP_TAG

if TYPE_CHECKING:
    from datetime import datetime

STALE = "stale"
GONE = "gone"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The stage a role belongs in, why, and what comes next when at the earliest."""

    stage: Stage
    code: str
    why: str
    next_stage: Stage | None = None
    next_at: datetime | None = None


def judge(case: Case, conditions: tuple[Condition, ...] = CONDITIONS) -> Verdict:
    """Where the role belongs at this moment."""
    if case.mark and case.mark.unique_id != case.role.unique_id:
        case = replace(case, mark=None)
    if case.mark and case.mark.stage == "deleted":
        return Verdict("deleted", GONE, "deleted; IAM still lists it")
    spared_by = reason_to_spare(case, conditions)
    if spared_by:
        return Verdict("alive", spared_by.code, spared_by.why(case))
    return _stale(case)


def what_to_do(role: str, stage: Stage, next_at: datetime | None) -> str:
    """Advice for the owner of a role that has entered a stage; empty if there is nothing to do."""
    if stage == "warned":
        return (
            f"To keep {role}: use it, request it, or put the tag {KEEP_TAG} into its template. "
            f"Otherwise everything is denied to it, on {next_at:%Y-%m-%d} at the earliest."
        )
    if stage == "quarantined":
        return (
            f"Everything is denied to {role}. To have it back: broker roles restore {role}. "
            f"Otherwise it is exported and deleted, on {next_at:%Y-%m-%d} at the earliest."
        )
    return f"To have {role} back: broker roles restore {role}" if stage == "deleted" else ""


def _stale(case: Case) -> Verdict:
    """Onward by one stage if it is time and the stage is turned on."""
    terms, mark = case.own_terms, case.mark
    if mark is None or not mark.staged:
        return _in(case, "reported", case.now)
    after = following(mark.stage)
    if after and terms.allows(after) and case.now >= mark.since + terms.before(after):
        return _in(case, after, case.now)
    return _in(case, mark.stage, mark.since)


def _in(case: Case, stage: Stage, since: datetime) -> Verdict:
    after = following(stage)
    next_at = since + case.own_terms.before(after) if after else None
    return Verdict(stage, STALE, idle(case), after, next_at)
