"""Old access keys: judges all keys of the deployment's users, then moves one key at a time to its next stage or back.

As with roles: a second look, a record of the intent, the act, a record of the result. The provision
function acts, and asks IAM for the last use once more right before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.cleanup.domain.keys import BY_ITS_OWNER, KeyFound, judge_key, what_owner_can_do
from chalicelib.cleanup.domain.report import KeyReport, Spending
from chalicelib.cleanup.services.steps import Steps
from chalicelib.core.domain.callers import SLACK_TAG
from chalicelib.core.domain.times import rfc3339
from chalicelib.provisioning.domain.key_marks import KeyMark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Protocol

    from chalicelib.cleanup.domain.key_terms import KeyTerms
    from chalicelib.cleanup.domain.keys import UserKey
    from chalicelib.cleanup.domain.report import Budget
    from chalicelib.cleanup.domain.users import UserFacts
    from chalicelib.cleanup.services.records import CleanupRecords
    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.services.provisioner import Provisioner
    from chalicelib.provisioning.domain.key_marks import KeyStage

    Keep = Callable[[], None]
    """Keeps the run's lease; raises if another run has it by now."""

    class KeyInventory(Protocol):
        """Access keys in IAM."""

        def of(self, names: Sequence[str]) -> Iterable[UserKey]:
            """The keys of these users as they are now; none of a user who is gone or not of this deployment."""
            ...

    class KeyMarks(Protocol):
        """How far clean-up got with each key."""

        def every(self) -> Iterable[KeyMark]:
            """All marks."""
            ...

        def get(self, key: str) -> KeyMark | None:
            """The mark of a key, read consistently, or None."""
            ...

        def save(self, mark: KeyMark, event: AuditEvent | None) -> None:
            """Write the mark over the version before it, with its event; Conflict if another writer was faster."""
            ...

        def forget(self, mark: KeyMark) -> None:
            """Remove the mark of a key that is gone; no effect if the mark changed meanwhile."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRetirement:
    """Deactivates keys through the provision function; deletes none. `records` has the clock and makes the events."""

    keys: KeyInventory
    marks: KeyMarks
    records: CleanupRecords
    provisioner: Provisioner
    terms: KeyTerms

    def look(self, users: Iterable[UserFacts], budget: Budget) -> KeyReport:
        """All keys that may be old, or that are in a stage. IAM is asked about these alone."""
        users, now = tuple(users), self.records.clock()
        marks = {mark.key: mark for mark in self.marks.every()}
        staged = [mark for mark in marks.values() if mark.staged]
        suspects = {user.name for user in users if any(now - key.made_at >= self.terms.after for key in user.keys)}
        keys = {key.id: key for key in self.keys.of(sorted({*suspects, *(mark.user for mark in staged)}))}
        judged = (self._judged(key, marks.get(key.id), now) for key in keys.values())
        found = tuple(one for one in judged if one.moves or one.verdict.stage != "alive")
        spending = Spending(sum(one.acts for one in found), budget.limit(sum(len(user.keys) for user in users)))
        return KeyReport(spending, self.terms.up_to, found, tuple(mark for mark in staged if mark.key not in keys))

    def run(self, report: KeyReport, keep: Keep) -> Steps[KeyStage]:
        """Take each key where it belongs. Taking back and reporting need no budget. Acting does."""
        steps: Steps[KeyStage] = Steps()
        for mark in report.gone:
            steps.take(mark.key, partial(self._bury, mark))
        for found in report.moving:
            steps.take(found.key.id, partial(self._go_on, found.key, keep))
        steps.failures = [replace(one, role="", why=f"access key {one.role}: {one.why}") for one in steps.failures]
        return steps

    def _bury(self, mark: KeyMark) -> None:
        """Remove the mark of a key that is gone, alone or with its user."""
        if all(key.id != mark.key for key in self.keys.of([mark.user])):
            self.marks.forget(mark)

    def _go_on(self, seen: UserKey, keep: Keep) -> KeyStage | None:
        """One stage further, or back, as the key is at this moment; the stage it went to."""
        found = self._again(seen)
        if found is None or not found.moves:
            return None
        keep()
        if found.verdict.stage == "alive":
            return self._take_back(found)
        if found.verdict.stage == "deactivated":
            return self._deactivate(found)
        self._enter(found, found.mark)
        return found.verdict.stage

    def _again(self, seen: UserKey) -> KeyFound | None:
        """The key as IAM and the table show it at this moment; None if it is gone."""
        key = next((key for key in self.keys.of([seen.user]) if key.id == seen.id), None)
        return self._judged(key, self.marks.get(key.id), self.records.clock()) if key else None

    def _judged(self, key: UserKey, mark: KeyMark | None, now: datetime) -> KeyFound:
        return KeyFound(key, judge_key(key, mark, self.terms, now), mark)

    def _take_back(self, found: KeyFound) -> KeyStage:
        """Back to the start. A key that clean-up deactivated is activated, unless a person deactivated it since."""
        by_a_person = found.verdict.code == BY_ITS_OWNER.code
        if found.mark and found.mark.deactivates and not found.key.active and not by_a_person:
            self._order("activate_key", found)
        self._enter(found, found.mark)
        return "alive"

    def _deactivate(self, found: KeyFound) -> KeyStage:
        """The intent is recorded first, so that an interrupted run can resume."""
        begun, resumed = found.mark, found.mark is not None and found.mark.acting == "deactivated"
        if begun and not resumed:
            begun = begun.about_to("deactivated")
            self.marks.save(begun, None)
        unused = {"unused_since": rfc3339(found.key.seen_at)} if self.terms.by == "use" else {}
        changed = self._order("deactivate_key", found, **unused)["changed"]
        if not changed and not resumed:
            found = replace(found, verdict=BY_ITS_OWNER)
        self._enter(found, begun)
        return found.verdict.stage

    def _enter(self, found: KeyFound, before: KeyMark | None) -> None:
        """Record that the key is in the stage of its verdict; Conflict if another writer changed the mark `before`."""
        now, verdict = self.records.clock(), found.verdict
        if before is None:
            mark = KeyMark(found.key.id, found.key.user, verdict.stage, now, now, verdict.next_at)
        else:
            mark = before.entered(verdict.stage, now, verdict.next_at)
            mark = replace(mark, started=now) if verdict.stage == "reported" else mark
        self.marks.save(mark, self.records.event("", **self._told(found)))

    def _told(self, found: KeyFound) -> dict[str, Any]:
        """Enough to tell the owner without asking anywhere else."""
        key, verdict = found.key, found.verdict
        return {
            "key": key.id,
            "stage": verdict.stage,
            "before": found.stage,
            "code": verdict.code,
            "why": verdict.why,
            "next_stage": verdict.next_stage,
            "next_at": rfc3339(verdict.next_at) if verdict.next_at else None,
            "owner": key.user,
            "owner_in_slack": key.tag(SLACK_TAG) or "",
            "what_to_do": what_owner_can_do(found, self.terms),
        }

    def _order(self, action: str, found: KeyFound, **words: Any) -> dict[str, Any]:
        who = self.records.origin.caller
        origin = {"caller": {"kind": who.kind, "name": who.name, "account": who.account}}
        order = {"action": action, "name": found.key.user, "own": {"key": found.key.id}, "origin": origin, **words}
        return self.provisioner.order(order)
