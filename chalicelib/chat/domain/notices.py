"""Notices: what others are told of requests, decisions and broken glass, and when again if they do not listen."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.sessions import Session

Target = Literal["slack", "webhook"]
Kind = Literal["request", "break_glass", "cleanup"]

VERSION = 1
FIRST_WAIT_SECONDS = 15
LONGEST_WAIT_SECONDS = 900
"""With 100 attempts (.chalice/resources.json) that is a day in all."""

SECONDS = re.compile(r"[0-9]{1,9}")

SHOWN = ("id", "type", "at", "role", "reason", "detail")
"""Members of an audit event that leave the broker: no addresses, no ARNs."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One system is to be told of one change. `event` is the change's audit event as JSON, where it has one."""

    target: Target
    kind: Kind
    id: str
    event: str = ""

    @property
    def urgent(self) -> bool:
        """True for break-glass, which never waits behind other notices."""
        return self.kind == "break_glass"


def wait(attempt: int, asked: int = 0) -> int:
    """Seconds until the next attempt after this many: 15, doubling to 15 minutes.

    It is no less than was asked for, but never more than 15 minutes.
    """
    doubled = FIRST_WAIT_SECONDS << min(max(attempt, 1) - 1, 6)
    return min(max(doubled, asked), LONGEST_WAIT_SECONDS)


def asked_to_wait(retry_after: str) -> int:
    """The seconds in a Retry-After header (RFC 9110), LONGEST_WAIT_SECONDS at most; 0 for none, and for a date."""
    return min(int(retry_after), LONGEST_WAIT_SECONDS) if SECONDS.fullmatch(retry_after) else 0


def of_event(text: str) -> dict[str, Any]:
    """The document for a step of a request, or of clean-up."""
    event: Mapping[str, Any] = json.loads(text)
    return {"version": VERSION, "by": event["caller"]["name"], **{name: event[name] for name in SHOWN}}


def of_broken_glass(session: Session) -> dict[str, Any]:
    """The document for a session that was taken behind broken glass, and again once it is reviewed."""
    standing = review_standing(session)
    return {
        "version": VERSION,
        "by": session.caller,
        "id": f"{session.id}-{standing}",
        "type": "break_glass",
        "at": rfc3339(session.issued_at),
        "role": session.role,
        "reason": session.reason,
        "detail": {"session": session.id, "review": standing, "reviewed_by": session.reviewed_by or None},
    }


def review_standing(session: Session) -> Literal["open", "reviewed", "failed"]:
    """How the review stands; `failed` where no credentials came to be."""
    if session.failed:
        return "failed"
    return "reviewed" if session.reviewed_at else "open"
