"""Instants and durations as people read and write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def seconds(text: str) -> int:
    """`90m`, `1h30m`, `8h`, `2d` or plain seconds as whole seconds; ValueError on anything else."""
    if text.isascii() and text.isdecimal():
        return int(text)
    match = DURATION.fullmatch(text)
    if not text or not match:
        raise ValueError(f"{text!r} is not a duration; write 30m, 1h30m or 2d")
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return days * DAY + hours * HOUR + minutes * MINUTE + rest


def instant(text: str, now: datetime) -> datetime:
    """An RFC 3339 time, or how long ago (`24h`); ValueError on anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return now - timedelta(seconds=seconds(text))
    return at if at.tzinfo else at.astimezone()


def rfc3339(at: datetime) -> str:
    """UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_and_utc(text: str | None) -> str:
    """An RFC 3339 time on this computer's clock, with UTC beside it where that differs."""
    if not text:
        return ""
    at = datetime.fromisoformat(text).astimezone(UTC)
    here = at.astimezone()
    if not here.utcoffset():
        return f"{at:%Y-%m-%d %H:%M:%S} UTC"
    utc = f"{at:%H:%M} UTC" if at.date() == here.date() else f"{at:%Y-%m-%d %H:%M} UTC"
    return f"{here:%Y-%m-%d %H:%M:%S %Z} ({utc})"


def remaining(until: str, now: datetime) -> str:
    """How long it still is: `54 min`, `3 h 10 min`, `over`."""
    left = int((datetime.fromisoformat(until) - now).total_seconds())
    if left <= 0:
        return "over"
    return span(left)


def span(length: int) -> str:
    """Seconds in words: `45 s`, `54 min`, `3 h 10 min`, `2 d`."""
    days, hours, minutes = length // DAY, length % DAY // HOUR, length % HOUR // MINUTE
    if length < MINUTE:
        return f"{length} s"
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
