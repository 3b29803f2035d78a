"""The age of MFA: no rule may count on a proof that is younger than the one API Gateway asks for under /mfa."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalicelib.access.domain.policies import Policy

FILE = "api-gateway.json"
OPERATOR, KEY = "NumericGreaterThanIfExists", "aws:MultiFactorAuthAge"
YOUNGEST, OLDEST = timedelta(minutes=1), timedelta(hours=36)
"""A code takes a moment to type, and the longest session of GetSessionToken has 36 hours."""


def gateway_age(policies: Path) -> timedelta | None:
    """The greatest age that the resource policy of the API lets through under /mfa; None if it states none."""
    path = policies / FILE
    statements: list[dict[str, Any]] = json.loads(path.read_text())["Statement"] if path.exists() else []
    denials = (one.get("Condition", {}).get(OPERATOR, {}) for one in statements if one.get("Effect") == "Deny")
    seconds = [int(condition[KEY]) for condition in denials if KEY in condition]
    return timedelta(seconds=min(seconds)) if seconds else None


def unproven_age(policy: Policy, gateway: timedelta | None) -> Iterator[str]:
    """The complaint about an `@mfa` whose age API Gateway does not prove."""
    age = policy.terms.mfa_age
    if age is None:
        return
    if not YOUNGEST <= age <= OLDEST:
        yield 'from 1m to 36h, or "required"'
    elif gateway is None or gateway > age:
        seconds = int(age.total_seconds())
        yield f"API Gateway takes older proofs: set {KEY} to {seconds} or less in policies/{FILE}"
