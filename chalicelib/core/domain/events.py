"""Audit events: what happened, to whom, decided by which rule. Schema: docs/audit.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.domain.callers import Caller

SCHEMA_VERSION = 2
"""Version 2 has `decision` beyond version 1; readers take both."""

TYPES = frozenset(
    {
        "issue", "issue_failed", "refuse", "revoke", "expire", "request", "decide", "cancel", "end",
        "review", "provision", "delete", "restore", "cleanup", "bypass", "unrecorded", "direct_use",
        "suspend", "unsuspend", "reanchor",
    },
)  # fmt: skip
"""Every word `type` may say."""


MAX_DETAIL = 100_000
"""Characters of a detail: with the rest of its row an event fits a DynamoDB item, and the audit function reads it."""

CUTS = ((4000, 400), (1000, 100), (250, 50), (60, 50), (60, 10), (60, 0))
"""Characters of a text and entries of a list or object, tried in order; the last leaves our own members only."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change came from: the verified caller and the request that asked.

    `via` names the door where it was not the API: `slack`. `facts_of` is set
    where IAM could not be asked: groups and tags of the caller are as of then.
    `mfa` says that API Gateway saw the caller's second factor (docs/mfa.md).
    """

    caller: Caller
    request_id: str = ""
    source_ip: str = ""
    policy_set: str = ""
    via: str = ""
    facts_of: datetime | None = None
    mfa: bool = False

    def told(self, at: datetime) -> dict[str, Any]:
        """The members of an event's detail that say how the request came in."""
        told: dict[str, Any] = {"via": self.via} if self.via else {}
        if self.mfa:
            told["mfa"] = True
        if self.facts_of:
            age = round((at - self.facts_of).total_seconds())
            told["caller_facts"] = {"as_of": rfc3339(self.facts_of), "age_seconds": age}
        return told


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that happened. `id` is unique for ever: the log is deduplicated by it.

    `detail` holds what only this type has; it never holds a secret. `decision`
    is what the access rules saw (access.domain.admission, Evidence), where they decided.
    """

    id: str
    type: str
    at: datetime
    origin: Origin
    role: str = ""
    session: str = ""
    reason: str = ""
    policies: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a type that no reader of the log would look for."""
        if self.type not in TYPES:
            raise ValueError(f"unknown event type {self.type!r}")


def to_json(event: AuditEvent) -> str:
    """The event as one line of ASCII JSON: no input can forge a second line, or make it too long to be logged."""
    caller = event.origin.caller
    detail = {**event.origin.told(event.at), **event.detail}
    document = {
        "version": SCHEMA_VERSION,
        "id": event.id,
        "type": event.type,
        "at": rfc3339(event.at),
        "caller": {"name": caller.name, "kind": caller.kind, "arn": caller.arn, "id": caller.unique_id},
        "role": event.role,
        "session": event.session,
        "reason": event.reason,
        "policies": list(event.policies),
        "policy_set": event.origin.policy_set,
        "request_id": event.origin.request_id,
        "source_ip": event.origin.source_ip,
        "detail": detail,
        **({"decision": event.decision} if event.decision else {}),
    }
    line = _line(document)
    return line if len(line) <= MAX_DETAIL else _line({**document, "detail": _bounded(detail)})


def _bounded(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """The detail; where it is too long, cut as little as helps, with `cut` saying so."""
    if len(_line(detail)) <= MAX_DETAIL:
        return detail
    tries = ({name: _cut(value, *sizes) for name, value in detail.items()} | {"cut": True} for sizes in CUTS)
    return next(found for found in tries if len(_line(found)) <= MAX_DETAIL)


def _cut(value: Any, characters: int, entries: int) -> Any:
    """Texts of at most `characters`, lists and objects of at most `entries`, at every depth."""
    if isinstance(value, str):
        return value if len(value) <= characters else f"{value[:characters]}…"
    if isinstance(value, Mapping):
        return {name: _cut(entry, characters, entries) for name, entry in islice(value.items(), entries)}
    if isinstance(value, (list, tuple)):
        return [_cut(entry, characters, entries) for entry in value[:entries]]
    return value


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))
