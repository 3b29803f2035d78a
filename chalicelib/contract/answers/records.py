"""Answers about what was done: sessions, activity, revocations, the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from chalicelib.contract.answers.access import Session
from chalicelib.contract.answers.forms import SCHEMAS, Cursor, Digest, Id, Instant
from chalicelib.sessions.domain.activity import Call  # noqa: TC001  msgspec reads the annotations


class SessionLater(Session, frozen=True, kw_only=True):
    """A session with what those ask who look at it later."""

    revoked_at: Instant | None
    remaining_seconds: int
    revoked_because: Annotated[str | None, msgspec.Meta(description="Why it ended with another session, if it did")]


class Widened(msgspec.Struct, frozen=True):
    """Sessions of a role that are denied beyond what was asked, since its policy had no room for single entries.

    `source_identity` is one, or a pattern that ends in `*`; empty for every session of the role.
    """

    role: str
    source_identity: str
    before: Annotated[Instant, msgspec.Meta(description="Sessions issued before this are denied")]


class EndedSession(SessionLater, frozen=True, kw_only=True):
    """The session after its end, and which others ended with it."""

    widened: tuple[Widened, ...]


class SessionPage(msgspec.Struct, frozen=True):
    """Sessions, newest first. A page may be short and still have a `next_cursor`."""

    sessions: tuple[SessionLater, ...]
    next_cursor: Cursor


class ActiveSessions(msgspec.Struct, frozen=True):
    """How many sessions are alive, of those the caller may see."""

    active: int


class Activity(msgspec.Struct, frozen=True):
    """Activity of a session in `regions`, from CloudTrail.

    Pages go back in time, region after region; `complete` on the last one.
    """

    session: Id
    events: tuple[Call, ...]
    next_cursor: Cursor
    complete: bool
    regions: tuple[str, ...]
    regions_denied: Annotated[tuple[str, ...], msgspec.Meta(description="Regions that AWS refused to look up")]
    note: str


class Revocation(msgspec.Struct, frozen=True):
    """The effect of one revocation: the roles, and the sessions of the broker.

    `direct_roles` trust the caller without the broker: such sessions end only with the whole role's.
    `no_room`: the role's policy had no room for single entries, so others ended too; `widened` says which.
    """

    id: Id
    scope: Literal["session", "caller", "role"]
    name: str
    reason: str
    at: Instant
    roles: tuple[str, ...]
    sessions: tuple[Id, ...]
    direct_roles: tuple[str, ...]
    no_room: bool
    widened: tuple[Widened, ...]


class Revoked(msgspec.Struct, frozen=True):
    """The answer to a revocation."""

    revocation: Revocation


class AuditCaller(msgspec.Struct, frozen=True):
    """The caller; `id` is IAM's unique id."""

    name: str
    kind: Literal["user", "role", "unknown"]
    arn: str
    id: str


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log, with its place in the hash chain (docs/audit.md)."""

    version: Literal[1, 2]
    id: Id
    type: str
    at: Instant
    caller: AuditCaller
    role: str
    session: str
    reason: str
    policies: tuple[str, ...]
    policy_set: str
    request_id: str
    source_ip: str
    detail: dict[str, Any]
    recorded_at: Instant
    seq: Annotated[int, msgspec.Meta(ge=1)]
    previous: Digest
    hash: Digest
    logged_at: Instant
    decision: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class UnreadableLine(msgspec.Struct, frozen=True):
    """A line that is not shaped like an event: the chain breaks there."""

    unreadable: str
    logged_at: Instant


# msgspec has no union of two structs that no tag tells apart.
AnyLine = Annotated[
    dict[str, Any],
    msgspec.Meta(
        extra_json_schema={"anyOf": [{"$ref": f"{SCHEMAS}AuditLine"}, {"$ref": f"{SCHEMAS}UnreadableLine"}]},
    ),
]


class AuditPage(msgspec.Struct, frozen=True):
    """Lines of the audit log, oldest first."""

    events: tuple[AnyLine, ...]
    next_cursor: Cursor


class AuditHead(msgspec.Struct, frozen=True):
    """The end of the chain, and the days for which the template has the log kept."""

    seq: int
    hash: Digest
    recorded_at: Instant
    retention_days: int
