"""The mark of a role: the stage that clean-up has reached with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003  rows are converted by their annotations
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.terms import Stage  # noqa: TC001  the same

if TYPE_CHECKING:
    from chalicelib.cleanup.domain.facts import RoleFacts


@dataclass(frozen=True, slots=True)
class Mark:
    """The stage of one role, by its unique id: a recreated namesake starts anew.

    `since` is when it entered the stage, `started` when it was reported.
    `acting` is the stage whose act is under way. After an interrupted run it
    tells that a quarantine, or a missing role, is clean-up's own doing.
    `version` counts writes: each is conditional on the one before. `owner` is
    kept because a deleted role has no tags to read it from.
    """

    role: str
    unique_id: str
    stage: Stage
    since: datetime
    started: datetime
    acting: Stage | None = None
    version: int = 1
    owner: str = ""

    @property
    def staged(self) -> bool:
        """True if the role is on its way to deletion."""
        return self.stage not in {"alive", "deleted"}

    @property
    def quarantines(self) -> bool:
        """True if a quarantine on the role is clean-up's own."""
        return "quarantined" in {self.stage, self.acting}

    def about_to(self, stage: Stage) -> Mark:
        """The mark before an act."""
        return replace(self, acting=stage, version=self.version + 1)

    def entered(self, stage: Stage, now: datetime) -> Mark:
        """The mark after it."""
        return replace(self, stage=stage, since=now, acting=None, version=self.version + 1)


def first_mark(role: RoleFacts, now: datetime, before: Mark | None) -> Mark:
    """The mark of a role that is reported; `before` is what the table has under its name."""
    version = before.version + 1 if before else 1
    return Mark(role.name, role.unique_id, "reported", now, now, version=version, owner=role.owner)
