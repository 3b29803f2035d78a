"""The terms a permit opens on, as its Cedar annotations state them, and which of them an ask does not meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS
from chalicelib.core.domain.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from chalicelib.access.domain.rules import Ask

Term = Literal["approvals", "reason", "max_duration", "mfa"]
"""A term that an ask can leave unmet."""

TERMS = frozenset({"max_duration", "approvals", "reason", "grant", "mfa"})
KNOWN = TERMS | {"id", "description"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a door.

    `max_duration` is the longest single session, `grant` the longest grant an
    approval may give, `approvals` how many others must agree. `mfa` asks for a
    second factor, `mfa_age` for one that was proven within this time.
    """

    approvals: int = 0
    reason_required: bool = False
    max_duration: timedelta | None = None
    grant: timedelta | None = None
    mfa: bool = False
    mfa_age: timedelta | None = None


def unmet(terms: Terms, ask: Ask, *, approved: bool) -> Iterator[Term]:
    """The terms that this ask does not meet, in the order in which a caller is told of them.

    `approved` says that a grant stands in for the approvals. MFA comes last:
    no code is spent on an ask that would be refused anyhow. How old a proof
    may be is API Gateway's to check (docs/decisions/0070).
    """
    if terms.approvals and not approved:
        yield "approvals"
    if terms.reason_required and not ask.reason_given:
        yield "reason"
    if ask.duration_given and ask.duration_seconds > longest_seconds(terms, ask):
        yield "max_duration"
    if terms.mfa and not ask.mfa:
        yield "mfa"


def longest_seconds(terms: Terms, ask: Ask) -> int:
    """The longest session: these terms, the role and AWS's chaining limit together."""
    limits = [MAX_CHAINED_SECONDS, ask.role.max_session_seconds]
    if terms.max_duration is not None:
        limits.append(int(terms.max_duration.total_seconds()))
    return min(limits)


def terms_from_annotations(annotations: Mapping[str, str]) -> Terms:
    """Read `@approvals`, `@reason`, `@max_duration`, `@grant`, `@mfa`; ValueError names what is wrong."""
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
        mfa="mfa" in annotations,
        mfa_age=None if annotations.get("mfa") == "required" else _duration("mfa", annotations),
    )


def _duration(name: str, annotations: Mapping[str, str]) -> timedelta | None:
    if name not in annotations:
        return None
    try:
        return duration(annotations[name])
    except ValueError as error:
        words = '"required" or a time: ' if name == "mfa" else ""
        raise ValueError(f"@{name}: {words}{error}") from error
