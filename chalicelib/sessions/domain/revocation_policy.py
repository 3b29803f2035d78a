"""The inline policy that tells AWS which sessions of a role to deny."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.policy_documents import statements
from chalicelib.core.domain.roles import SESSION_TAG
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from chalicelib.sessions.domain.revocation import RoleRevocations

POLICY_NAME = "access-broker-revocations"
"""The inline policy on a brokered role; the broker alone writes it."""

MARKS = {f"aws:PrincipalTag/{SESSION_TAG}", "aws:SourceIdentity"}

MARK_LENGTH = 8
"""Characters of an id that tell the sessions of one role apart: its last ones, 40 random bits.

The policy matches the end of the whole id, which is the session's tag: so it
also ends sessions that an earlier version issued. If two ids ever ended alike,
the policy would deny both: it denies too much, never too little.
"""


def policy_document(revocations: RoleRevocations) -> dict[str, Any]:
    """The inline policy; meaningless for an empty list, where there must be no policy."""
    denied = []
    if revocations.sessions:
        marks = sorted(f"*{session_id[-MARK_LENGTH:]}" for session_id in revocations.sessions)
        denied.append(_deny({"StringLike": {f"aws:PrincipalTag/{SESSION_TAG}": marks}}))
    denied += _of_callers(revocations)
    if revocations.everyone:
        denied.append(_deny(_issued_before(revocations.everyone.before)))
    return {"Version": "2012-10-17", "Statement": denied}


def is_revocation_policy(document: Mapping[str, Any]) -> bool:
    """True if the broker could have written it: every statement denies everything, to sessions that it marks."""
    found = statements(document)
    return bool(found) and all(
        {**statement, "Condition": None} == _deny_shape() and _marks_sessions(statement.get("Condition"))
        for statement in found
    )


def characters(revocations: RoleRevocations) -> int:
    """How long the policy is, as IAM counts it: without white space."""
    return compact_length(policy_document(revocations))


def compact_length(document: Mapping[str, Any]) -> int:
    """Characters as IAM counts them."""
    return len("".join(json.dumps(document, separators=(",", ":")).split()))


def _of_callers(revocations: RoleRevocations) -> Iterator[dict[str, Any]]:
    """One statement for all callers that are cut off at the same time."""
    for before in sorted({cutoff.before for cutoff in revocations.callers.values()}):
        names = sorted(name for name, cutoff in revocations.callers.items() if cutoff.before == before)
        yield _deny({"StringLike": {"aws:SourceIdentity": names}, **_issued_before(before)})


def _deny_shape() -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": None}


def _marks_sessions(condition: object) -> bool:
    """True for conditions of `policy_document`; an earlier version wrote StringEquals for StringLike."""
    if not isinstance(condition, dict) or not condition:
        return False
    keys = {"StringEquals": MARKS, "StringLike": MARKS, "DateLessThan": {"aws:TokenIssueTime"}}
    return all(isinstance(found, dict) and set(found) <= keys.get(name, set()) for name, found in condition.items())


def _deny(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def _issued_before(before: datetime) -> dict[str, Any]:
    return {"DateLessThan": {"aws:TokenIssueTime": rfc3339(before)}}
