"""Unused users of this deployment, reported for a person to look at. Keys have stages (keys.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.report import UserFinding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from chalicelib.cleanup.domain.key_terms import KeyTerms
    from chalicelib.cleanup.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """An active access key; `used_at` is None if it never was."""

    number: int
    made_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UserFacts:
    """A user as IAM's credential report tells (up to four hours late); `signed_in_at` is None if they never did."""

    name: str
    created_at: datetime
    has_password: bool = False
    signed_in_at: datetime | None = None
    keys: tuple[KeyFacts, ...] = ()
    has_mfa: bool = True


def findings(user: UserFacts, terms: Terms, keys: KeyTerms, now: datetime) -> Iterator[UserFinding]:
    """Findings for a person to look at: no MFA, a password never used, a key that is old or unused for a long time."""
    if not user.has_mfa and (user.has_password or user.keys) and now - user.created_at >= terms.grace:
        yield UserFinding(user.name, "no_mfa", f"no MFA device since {user.created_at:%Y-%m-%d}")
    if user.has_password and user.signed_in_at is None and now - user.created_at >= terms.grace:
        yield UserFinding(user.name, "never_signed_in", f"never signed in since {user.created_at:%Y-%m-%d}")
    for key in user.keys:
        if now - (key.used_at or key.made_at) >= (terms.stale_after if key.used_at else terms.grace):
            since = (
                f"not used since {key.used_at:%Y-%m-%d}" if key.used_at else f"never used, made {key.made_at:%Y-%m-%d}"
            )
            yield UserFinding(user.name, "key_unused", f"access key {key.number} {since}")
        elif now - key.made_at >= keys.after:
            yield UserFinding(user.name, "key_old", f"access key {key.number} in use, made {key.made_at:%Y-%m-%d}")
