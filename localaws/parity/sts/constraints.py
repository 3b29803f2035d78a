"""The names, source identities and durations that AssumeRole accepts.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

SHORTEST_SECONDS = 900
LONGEST_SECONDS = 43200
LONGEST_CHAINED_SECONDS = 3600
NAME_LENGTHS = range(2, 65)
NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)


def name_problem(member: str, value: str) -> str | None:
    """The message of AWS when `value` is not a session name or source identity; else None."""
    if len(value) < NAME_LENGTHS.start:
        constraint = f"Member must have length greater than or equal to {NAME_LENGTHS.start}"
    elif len(value) not in NAME_LENGTHS:
        constraint = f"Member must have length less than or equal to {NAME_LENGTHS.stop - 1}"
    elif not NAME.fullmatch(value):
        constraint = r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    else:
        return None
    return _violation(member, value, constraint)


def duration_problem(value: str, *, role_maximum: int, chained: bool) -> str | None:
    """The message of AWS when `value` seconds are too short, or too long for the role or a chain; else None."""
    if not value:
        return None
    seconds = int(value)
    if seconds < SHORTEST_SECONDS:
        return _violation(
            "durationSeconds", value, f"Member must have value greater than or equal to {SHORTEST_SECONDS}"
        )
    if seconds > LONGEST_SECONDS:
        return _violation("durationSeconds", value, f"Member must have value less than or equal to {LONGEST_SECONDS}")
    if chained and seconds > LONGEST_CHAINED_SECONDS:
        return "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    return too_long if seconds > role_maximum else None


def _violation(member: str, value: str, constraint: str) -> str:
    return (
        f"1 validation error detected: Value '{escape(value)}' at '{member}' failed to satisfy constraint: {constraint}"
    )
