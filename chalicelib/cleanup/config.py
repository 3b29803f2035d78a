"""Configuration of clean-up, read once from the environment of its function."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from chalicelib.cleanup.domain.key_terms import KEYS_BY, KeyTerms
from chalicelib.cleanup.domain.report import Budget
from chalicelib.cleanup.domain.terms import STAGES, Terms, UnreadableTag, threshold
from chalicelib.core.config import ConfigurationError
from chalicelib.core.domain.times import duration
from chalicelib.provisioning.domain.key_marks import KEY_STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "BROKER_CLEANUP_"

Word = TypeVar("Word", bound=str)


@dataclass(frozen=True, slots=True)
class CleanupConfig:
    """How far clean-up goes and how much at once.

    `ahead` sets its clock forward, to rehearse the months to come and to test
    them without waiting; no template sets it.
    """

    terms: Terms = field(default_factory=Terms)
    budget: Budget = field(default_factory=Budget)
    keys: KeyTerms = field(default_factory=KeyTerms)
    ahead: timedelta = timedelta()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> CleanupConfig:
        """Read `BROKER_CLEANUP_*`; ConfigurationError names the first one that cannot be read."""
        return cls(
            Terms(stale_after=_time(environ, "STALE_AFTER", "90d"), up_to=_choice(environ, "UP_TO", STAGES[1:])),
            Budget(_number(environ, "BUDGET_ROLES", 20), _number(environ, "BUDGET_PERCENT", 10)),
            _keys(environ),
            _ahead(environ),
        )


def _keys(environ: Mapping[str, str]) -> KeyTerms:
    return KeyTerms(
        after=_time(environ, "KEYS_AFTER", "90d"),
        by=_choice(environ, "KEYS_BY", KEYS_BY),
        deactivate_after=_time(environ, "KEYS_WARNING", "14d"),
        up_to=_choice(environ, "KEYS_UP_TO", KEY_STAGES[1:]),
    )


def _choice(environ: Mapping[str, str], name: str, words: tuple[Word, ...]) -> Word:
    """The first word is the default."""
    chosen = environ.get(PREFIX + name, words[0])
    for word in words:
        if word == chosen:
            return word
    raise _unreadable(name, f"one of {', '.join(words)}")


def _time(environ: Mapping[str, str], name: str, otherwise: str) -> timedelta:
    try:
        return threshold(PREFIX + name, environ.get(PREFIX + name, otherwise))
    except UnreadableTag:
        raise _unreadable(name, "a time from 1d to 400d") from None


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
