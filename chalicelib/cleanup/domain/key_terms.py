"""The thresholds of access keys that get old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from chalicelib.provisioning.domain.key_marks import KEY_STAGES

if TYPE_CHECKING:
    from chalicelib.provisioning.domain.key_marks import KeyStage

KeysBy = Literal["use", "age"]

KEYS_BY: tuple[KeysBy, ...] = ("use", "age")


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """The thresholds of keys.

    A key is old `after` this time: without use, or where keys go `by` age,
    since it was made. `warn_after` is the least time in the stage before,
    `deactivate_after` the time from the warning to the deactivation. `up_to` is the
    last stage that an administrator has turned on.
    """

    after: timedelta = timedelta(days=90)
    by: KeysBy = "use"
    warn_after: timedelta = timedelta(days=7)
    deactivate_after: timedelta = timedelta(days=14)
    up_to: KeyStage = "reported"

    def before(self, stage: KeyStage) -> timedelta:
        """How long a key waits in the stage before this one."""
        return {"warned": self.warn_after, "deactivated": self.deactivate_after}.get(stage, timedelta())

    def allows(self, stage: KeyStage) -> bool:
        """True if an administrator has turned the stage on."""
        return KEY_STAGES.index(stage) <= KEY_STAGES.index(self.up_to)

    def following(self, stage: KeyStage) -> KeyStage | None:
        """The stage after this one if it is turned on, or None."""
        after = dict(pairwise(KEY_STAGES)).get(stage)
        return after if after and self.allows(after) else None
