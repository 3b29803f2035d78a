"""The terms a permit opens on, as its Cedar annotations state them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.domain.times import duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

TERMS = frozenset({"max_duration", "approvals", "reason", "grant"})
KNOWN = TERMS | {"id", "description"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a door.

    `max_duration` is the longest single session, `grant` the longest grant an
    approval may give, `approvals` how many others must agree.
    """

    approvals: int = 0
    reason_required: bool = False
    max_duration: timedelta | None = None
    grant: timedelta | None = None


def terms_from_annotations(annotations: Mapping[str, str]) -> Terms:
    """Read `@approvals`, `@reason`, `@max_duration`, `@grant`; ValueError names what is wrong."""
    unknown = sorted(set(annotations) - KNOWN)
    if unknown:
        raise ValueError(
            f"unknown annotation @{unknown[0]}; known are {', '.join('@' + name for name in sorted(KNOWN))}"
        )
    if annotations.get("reason", "required") != "required":
        raise ValueError('@reason takes "required" and nothing else')
    approvals = annotations.get("approvals", "0")
    if not approvals.isascii() or not approvals.isdecimal():
        raise ValueError(f"@approvals takes a whole number, not {approvals!r}")
    return Terms(
        approvals=int(approvals),
        reason_required="reason" in annotations,
        max_duration=_duration("max_duration", annotations),
        grant=_duration("grant", annotations),
    )


def _duration(name: str, annotations: Mapping[str, str]) -> timedelta | None:
    if name not in annotations:
        return None
    try:
        return duration(annotations[name])
    except ValueError as error:
        raise ValueError(f"@{name}: {error}") from error
