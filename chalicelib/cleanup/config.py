"""Configuration of clean-up, read once from the environment of its function."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.report import Budget
from chalicelib.cleanup.domain.terms import STAGES, Stage, Terms, UnreadableTag, threshold
from chalicelib.core.config import ConfigurationError
from chalicelib.core.domain.times import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "BROKER_CLEANUP_"


@dataclass(frozen=True, slots=True)
class CleanupConfig:
    """How far clean-up goes and how much at once.

    `ahead` sets its clock forward, to rehearse the months to come and to test
    them without waiting; no template sets it.
    """

    terms: Terms = field(default_factory=Terms)
    budget: Budget = field(default_factory=Budget)
    ahead: timedelta = timedelta()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> CleanupConfig:
        """Read `BROKER_CLEANUP_*`; ConfigurationError names the first one that cannot be read."""
        return cls(
            Terms(stale_after=_stale_after(environ), up_to=_up_to(environ)),
            Budget(_number(environ, "BUDGET_ROLES", 20), _number(environ, "BUDGET_PERCENT", 10)),
            _ahead(environ),
        )


def _up_to(environ: Mapping[str, str]) -> Stage:
    stage = environ.get(f"{PREFIX}UP_TO", "reported")
    if stage not in STAGES[1:]:
        raise _unreadable("UP_TO", f"one of {', '.join(STAGES[1:])}")
    return stage


def _stale_after(environ: Mapping[str, str]) -> timedelta:
    try:
        return threshold(f"{PREFIX}STALE_AFTER", environ.get(f"{PREFIX}STALE_AFTER", "90d"))
    except UnreadableTag:
        raise _unreadable("STALE_AFTER", "a time from 1d to 400d") from None


def _number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    text = environ.get(PREFIX + name, str(otherwise))
    if not text.isdecimal():
        raise _unreadable(name, "a whole number")
    return int(text)


def _ahead(environ: Mapping[str, str]) -> timedelta:
    try:
        return duration(environ.get(f"{PREFIX}CLOCK_AHEAD", "0s"))
    except (ValueError, OverflowError):
        raise _unreadable("CLOCK_AHEAD", "a time such as 31d") from None


def _unreadable(name: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"{PREFIX}{name} must be {expected}")
