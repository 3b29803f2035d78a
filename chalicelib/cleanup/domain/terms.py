"""The thresholds of clean-up, and a role's own ones in its tags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.times import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

Stage = Literal["alive", "reported", "warned", "quarantined", "deleted"]

STAGES: tuple[Stage, ...] = ("alive", "reported", "warned", "quarantined", "deleted")
"""In order; a stale role passes one at a time."""

SHORTEST, LONGEST = timedelta(days=1), timedelta(days=400)
"""IAM reports a use hours late, and keeps RoleLastUsed for 400 days (IAM User Guide, "Last accessed information")."""

TERM_TAGS: Mapping[str, str] = {
    "access-broker:stale-after": "stale_after",
    "access-broker:warn-after": "warn_after",
    "access-broker:quarantine-after": "quarantine_after",
    "access-broker:delete-after": "delete_after",
}
"""A role's own thresholds. Keys are compared without case, as IAM does."""


class UnreadableTag(ValueError):
    """A role's own threshold cannot be read. The role is kept."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The thresholds.

    `warn_after` and its like are the least time in the stage before; `up_to`
    is the last stage that an administrator has turned on.
    """

    grace: timedelta = timedelta(days=30)
    stale_after: timedelta = timedelta(days=90)
    warn_after: timedelta = timedelta(days=7)
    quarantine_after: timedelta = timedelta(days=14)
    delete_after: timedelta = timedelta(days=30)
    up_to: Stage = "reported"

    def before(self, stage: Stage) -> timedelta:
        """How long a role waits in the stage before this one."""
        waits = {"warned": self.warn_after, "quarantined": self.quarantine_after, "deleted": self.delete_after}
        return waits.get(stage, timedelta())

    def allows(self, stage: Stage) -> bool:
        """True if an administrator has turned the stage on."""
        return STAGES.index(stage) <= STAGES.index(self.up_to)

    def with_tags(self, tags: Mapping[str, str]) -> Terms:
        """These terms with what the role's tags say; UnreadableTag if one says nothing that can be meant."""
        told = {key.lower(): value for key, value in tags.items() if key.lower() in TERM_TAGS}
        own: dict[str, Any] = {TERM_TAGS[key]: threshold(key, value) for key, value in told.items()}
        return replace(self, **own) if own else self


def following(stage: Stage) -> Stage | None:
    """The stage after this one, or None after the last."""
    return dict(pairwise(STAGES)).get(stage)


def threshold(key: str, text: str) -> timedelta:
    """The time in `text`; UnreadableTag names the key."""
    try:
        found = duration(text)
    except (ValueError, OverflowError):
        found = timedelta()
    if not SHORTEST <= found <= LONGEST:
        raise UnreadableTag(f"its tag {key} is not a time from {SHORTEST.days}d to {LONGEST.days}d")
    return found
