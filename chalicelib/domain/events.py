"""Audit events: what happened, to whom, decided by which rule. Schema: docs/audit.md."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.callers import Caller

SCHEMA_VERSION = 1

TYPES = frozenset(
    {
        "issue", "issue_failed", "refuse", "revoke", "expire", "request", "decide", "cancel", "end",
        "review", "provision", "delete", "restore", "cleanup", "bypass", "direct_use",
    },
)  # fmt: skip
"""Every word `type` may say."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change came from: the verified caller and the request that asked.

    `via` names the door where it was not the API: `slack`.
    """

    caller: Caller
    request_id: str = ""
    source_ip: str = ""
    policy_set: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that happened. `id` is unique for ever: the log is deduplicated by it.

    `detail` holds what only this type has; it never holds a secret.
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

    def __post_init__(self) -> None:
        """Refuse a type that no reader of the log would look for."""
        if self.type not in TYPES:
            raise ValueError(f"unknown event type {self.type!r}")


def to_json(event: AuditEvent) -> str:
    """The event as one line of ASCII JSON: no input can forge a second line."""
    caller = event.origin.caller
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
        "detail": {**({"via": event.origin.via} if event.origin.via else {}), **event.detail},
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))
