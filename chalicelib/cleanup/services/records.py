"""Records of clean-up: marks that carry their audit event, and a summary of every run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.cleanup.domain.marks import first_mark
from chalicelib.cleanup.domain.verdicts import STALE, Verdict, what_to_do
from chalicelib.core.domain.events import AuditEvent
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    from chalicelib.cleanup.domain.marks import Mark
    from chalicelib.cleanup.domain.report import Found, Report
    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock

    class Marks(Protocol):
        """How far clean-up got with each role."""

        def every(self) -> Iterable[Mark]:
            """All marks."""
            ...

        def get(self, role: str) -> Mark | None:
            """The mark of a role, read consistently, or None."""
            ...

        def save(self, mark: Mark, event: AuditEvent | None) -> None:
            """Write the mark over the version before it, with its event; Conflict if another writer was faster."""
            ...

        def forget(self, mark: Mark) -> None:
            """Remove the mark of a role that was deleted by other means; no effect if the mark changed meanwhile."""
            ...

        def record_run(self, event: AuditEvent) -> None:
            """Write the summary of the latest run."""
            ...


NAMED_AT_MOST = 100
"""Names in a summary: an event has to fit into one row and one line of the log. The stage events name every role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRecords:
    """Every write is conditional on the mark's version: of two runs that overlap, one makes the step."""

    marks: Marks
    origin: Origin
    clock: Clock
    new_id: NewId

    def begin(self, found: Found) -> Found:
        """Record the intent first, so that an interrupted run can resume."""
        mark, stage = found.mark, found.verdict.stage
        if mark is None or mark.acting == stage:
            return found
        begun = mark.about_to(stage)
        self.marks.save(begun, None)
        return replace(found, mark=begun)

    def enter(self, found: Found) -> None:
        """The role is in the stage of its verdict; Conflict if another run was faster."""
        now, stage = self.clock(), found.verdict.stage
        role, before = found.role, found.mark
        mark = first_mark(role, now, before) if not before or stage == "reported" else before.entered(stage, now)
        self.marks.save(mark, self.event(role.name, **_told(found)))

    def bury(self, mark: Mark) -> bool:
        """Handle a missing role. If clean-up's own delete was interrupted, record it; else only remove the mark."""
        if mark.acting != "deleted":
            self.marks.forget(mark)
            return False
        verdict = Verdict("deleted", STALE, "its delete was cut off, and is done")
        told = _told_of(mark.role, mark.unique_id, mark.owner, mark.stage, verdict)
        self.marks.save(mark.entered("deleted", self.clock()), self.event(mark.role, **told))
        return True

    def ran(self, report: Report) -> None:
        """The summary of a run."""
        sight = report.sight
        self.marks.record_run(
            self.event(
                "",
                run=report.run,
                up_to=report.up_to,
                complete=report.complete,
                ours=sight.ours,
                stale=len(sight.found),
                alive=dict(sight.alive),
                changes=_counted(report.changes),
                keys=_counted(report.keys.changes),
                key_budget={**asdict(report.keys.spending), "exceeded": report.keys.spending.exceeded},
                budget={**asdict(report.spending), "exceeded": report.spending.exceeded},
                failures=[asdict(failure) for failure in report.failures[:NAMED_AT_MOST]],
                drift=[drift.role for drift in sight.drift[:NAMED_AT_MOST]],
                users=[user.name for user in report.users[:NAMED_AT_MOST]],
                tidied=asdict(report.tidied),
            )
        )

    def event(self, role: str, **detail: Any) -> AuditEvent:
        """An event of now."""
        now = self.clock()
        return AuditEvent(self.new_id(now), "cleanup", now, self.origin, role=role, detail=detail)


def _told(found: Found) -> dict[str, Any]:
    role = found.role
    return _told_of(role.name, role.unique_id, role.owner, found.stage, found.verdict)


def _told_of(role: str, unique_id: str, owner: str, before: Stage, verdict: Verdict) -> dict[str, Any]:
    """Enough to tell the owner without asking anywhere else."""
    return {
        "stage": verdict.stage,
        "before": before,
        "code": verdict.code,
        "why": verdict.why,
        "next_stage": verdict.next_stage,
        "next_at": rfc3339(verdict.next_at) if verdict.next_at else None,
        "unique_id": unique_id,
        "owner": owner,
        "what_to_do": what_to_do(role, verdict.stage, verdict.next_at),
    }


def _counted(changes: Mapping[str, str]) -> dict[str, int]:
    stages = list(changes.values())
    return {stage: stages.count(stage) for stage in sorted(set(stages))}
