"""Instants and durations as people read and write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

UNITS = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
PART = r"(\d{1,6})\s*(weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)"
DURATION = re.compile(rf"{PART}(?:\s*{PART})*", re.ASCII | re.IGNORECASE)
PARTS = re.compile(PART, re.ASCII | re.IGNORECASE)
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def seconds(text: str) -> int:
    """`90m`, `1h30m`, `8 hours`, `2d`, `1w` or plain seconds, as whole seconds; ValueError on anything else."""
    if text.isascii() and text.isdecimal() and len(text) < 10:  # noqa: PLR2004  digits; a year has 8
        return int(text)
    if not DURATION.fullmatch(text.strip()):
        raise ValueError("write a time such as 30m, 8h, 1h30m or 2d.")
    return sum(int(count) * UNITS[unit[0].lower()] for count, unit in PARTS.findall(text))


def since(text: str) -> str:
    """A time, or a distance into the past (`24h`, `7d`, `2w`), as RFC 3339; ValueError on anything else."""
    return rfc3339(instant(text, datetime.now(UTC)))


def instant(text: str, now: datetime) -> datetime:
    """The time itself, or `now` less a duration; a time without an offset is this computer's."""
    if text.strip().isdecimal():
        raise ValueError(EXAMPLES)
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.astimezone()
    except (ValueError, OverflowError):
        return _ago(text, now)


EXAMPLES = "write 24h, 7d, 2w, a day (2026-01-31) or a time (2026-01-31T09:00:00Z)."


def _ago(text: str, now: datetime) -> datetime:
    try:
        return now - timedelta(seconds=seconds(text))
    except (ValueError, OverflowError) as error:
        raise ValueError(EXAMPLES) from error


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


def relative(text: str | None, now: datetime) -> str:
    """`in 42 min (2026-01-31 09:42:00 UTC)`, `3 h ago (…)`: the distance with the instant beside it."""
    if not text:
        return ""
    away = (datetime.fromisoformat(text) - now).total_seconds()
    length = abs(int(away))
    length -= length % DAY if length >= 2 * DAY else 0  # minutes say nothing of what is days away
    distance = f"in {span(length)}" if away >= 1 else "now" if away > -1 else f"{span(length)} ago"
    return f"{distance} ({local_and_utc(text)})"


def remaining(until: str, now: datetime) -> str:
    """The time that is left: `54 min`, `3 h 10 min`, `over`."""
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
