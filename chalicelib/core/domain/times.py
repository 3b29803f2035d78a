"""Instants and durations as the contract writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""

Pause = Callable[[float], None]
"""Waits about that many seconds: wiring adds the jitter, tests do not wait."""


DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def rfc3339(at: datetime, down_to: str = "milliseconds") -> str:
    """RFC 3339 in UTC with milliseconds, or `down_to` seconds: sorts as text in the order of time."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec=down_to)[: -len("+00:00")] + "Z"


def from_rfc3339(text: str) -> datetime:
    """The instant in `text`, which must carry an offset and have a date in UTC; ValueError otherwise."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        msg = "expected an offset, as in 2026-01-31T09:00:00Z"
        raise ValueError(msg)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        msg = "expected a time that has a date in UTC"
        raise ValueError(msg) from None


def duration(text: str) -> timedelta:
    """`1h30m`, `8h`, `2d`, `900s` as a timedelta; ValueError on anything else."""
    match = DURATION.fullmatch(text)
    if not text or not match:
        msg = f"expected a duration such as 30m, 1h30m or 2d, not {text!r}"
        raise ValueError(msg)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        msg = f"expected a duration of {timedelta.max.days} days at most, not {text!r}"
        raise ValueError(msg) from None
