"""The mark of an access key: the stage that clean-up has reached with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003  rows are converted by their annotations
from typing import Literal

KeyStage = Literal["alive", "reported", "warned", "deactivated"]

KEY_STAGES: tuple[KeyStage, ...] = ("alive", "reported", "warned", "deactivated")
"""In order; a key that gets old passes one at a time. No key is deleted."""


@dataclass(frozen=True, slots=True)
class KeyMark:
    """The stage of one key, by its id, which IAM never gives again.

    `since` is when it entered the stage, `started` when it was reported.
    `next_at` is the time of the next stage as the owner was told it; None if
    that stage is not turned on. `acting` is the stage whose act is under way.
    `version` counts writes: each is conditional on the one before.
    """

    key: str
    user: str
    stage: KeyStage
    since: datetime
    started: datetime
    next_at: datetime | None = None
    acting: KeyStage | None = None
    version: int = 1

    @property
    def staged(self) -> bool:
        """True if the key is on its way to deactivation, or deactivated by clean-up."""
        return self.stage != "alive"

    @property
    def deactivates(self) -> bool:
        """True if an inactive key is clean-up's own doing."""
        return "deactivated" in {self.stage, self.acting}

    def about_to(self, stage: KeyStage) -> KeyMark:
        """The mark before an act."""
        return replace(self, acting=stage, version=self.version + 1)

    def entered(self, stage: KeyStage, now: datetime, next_at: datetime | None = None) -> KeyMark:
        """The mark after an act."""
        return replace(self, stage=stage, since=now, next_at=next_at, acting=None, version=self.version + 1)
