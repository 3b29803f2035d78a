"""Acting on one role: a second look, a record of the intent, the act, and a record of the result.

If a run is interrupted, the next one finds the intent in the mark and repeats
the act: every order may be repeated.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.staleness import Case, is_ours
from chalicelib.core.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.cleanup.domain.marks import Mark
    from chalicelib.cleanup.domain.report import Found
    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.cleanup.services.records import CleanupRecords
    from chalicelib.cleanup.services.scan import AccountScan
    from chalicelib.core.services.provisioner import Provisioner

    Keep = Callable[[], None]
    """Keeps the run's lease; raises if another run has it by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRetirement:
    """Orders of the provision function, one role at a time. BrokerError: what it could not do."""

    account_scan: AccountScan
    records: CleanupRecords
    provisioner: Provisioner

    def report(self, found: Found) -> Stage:
        """The first stage: nothing happens to the role."""
        self.records.enter(found)
        return found.verdict.stage

    def bury(self, mark: Mark) -> Stage | None:
        """The mark of a role that the pass did not see, if it is gone indeed."""
        if self.account_scan.roles.look(mark.role) is not None:
            return None
        return "deleted" if self.records.bury(mark) else None

    def take_back(self, found: Found) -> Stage:
        """To the start, out of clean-up's own quarantine too."""
        mark = found.mark
        if mark and mark.acting == "deleted" and found.role.half_deleted:
            with suppress(NotFound):
                self._order("restore_role", found)
        elif mark and mark.quarantines and (found.role.quarantined or self._ours(found)):
            # Also if lifted by hand: the catalogue still says quarantined, and refuses the role to every caller.
            self._order("release_role", found)
        self.records.enter(found)
        return "alive"

    def _ours(self, found: Found) -> bool:
        """True if the role belongs to this deployment, so that the provisioner would change it."""
        return is_ours(Case(found.role, self.account_scan.ours, self.records.clock()))

    def go_on(self, name: str, keep: Keep) -> Stage | None:
        """One stage further, or back, as the role is at this moment; the stage it went to."""
        found = self.account_scan.again(name, self.records.clock())
        if found is None or not found.moves:
            return None
        if found.verdict.stage == "alive":
            return self.take_back(found)
        keep()
        if found.verdict.stage == "quarantined":
            return self._quarantine(found)
        if found.verdict.stage == "deleted":
            return self._delete(found)
        self.records.enter(found)
        return found.verdict.stage

    def _quarantine(self, found: Found) -> Stage:
        """Looks a third time: a caller may have taken the role in the same moment."""
        begun = self.records.begin(found)
        self._order("quarantine_role", found)
        after = self.account_scan.again(found.role.name, self.records.clock())
        if after is not None and after.verdict.stage == "alive":
            return self._undo(after)
        self.records.enter(begun)
        return "quarantined"

    def _undo(self, found: Found) -> Stage:
        self._order("release_role", found)
        if found.moves:
            self.records.enter(found)
        return "alive"

    def _delete(self, found: Found) -> Stage | None:
        """The order may have waited behind a restore, so it names the role's unique id and expects its quarantine."""
        begun = self.records.begin(found)
        try:
            self._order("delete_role", found, quarantined=found.role.unique_id)
        except NotFound:
            if self.account_scan.roles.look(found.role.name) is not None:
                return None
        self.records.enter(begun)
        return "deleted"

    def _order(self, action: str, found: Found, **terms: str) -> None:
        who = self.records.origin.caller
        origin = {"caller": {"kind": who.kind, "name": who.name, "account": who.account}}
        self.provisioner.order({"action": action, "name": found.role.name, "origin": origin, **terms})
