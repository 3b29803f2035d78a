"""A role session the broker issued: one row, one RoleSessionName, one set of credentials."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

State = Literal["active", "expired", "revoked", "failed"]


@dataclass(frozen=True, slots=True)
class Session:
    """The record that is written before credentials leave. It never holds the credentials.

    `failed` marks a session whose AssumeRole was refused: no credentials exist.
    `grant` is the grant it was issued under, `asked_by` the program that asked
    for that grant on the caller's behalf; both are empty where there is none.
    A break-glass session waits for a review.
    `revoked_because` says why it ended with another one, otherwise it is empty.
    """

    id: str
    caller: str
    caller_id: str
    caller_arn: str
    role: str
    role_arn: str
    session_name: str
    source_identity: str
    issued_at: datetime
    expires_at: datetime
    reason: str = ""
    policies: tuple[str, ...] = ()
    policy_set: str = ""
    kind: Literal["credentials", "console"] = "credentials"
    grant: str = ""
    asked_by: str = ""
    break_glass: bool = False
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    review_comment: str = ""
    revoked_at: datetime | None = None
    revoked_because: str = ""
    failed: bool = False

    @property
    def unreviewed(self) -> bool:
        """True for a break-glass session that still needs a review."""
        return self.break_glass and not self.failed and self.reviewed_at is None

    def state(self, now: datetime) -> State:
        """The state of GET /v1/sessions at `now`. What was taken back stays `revoked` for those who look later."""
        if self.failed:
            return "failed"
        if self.revoked_at:
            return "revoked"
        return "expired" if now >= self.expires_at else "active"


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions a list is about; empty members do not narrow it. Times are of issue."""

    caller: str = ""
    role: str = ""
    state: State | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, session: Session, now: datetime) -> bool:
        """True if the filter includes a session that was found by caller, role or day."""
        return (
            self.caller in {"", session.caller}
            and self.role in {"", session.role}
            and self.state in {None, session.state(now)}
        )

    def alive(self, now: datetime) -> SessionFilter:
        """The same for active sessions only: none of them is older than AWS lets a chained session be."""
        oldest = now - timedelta(seconds=MAX_CHAINED_SECONDS)
        return replace(self, state="active", since=max(self.since or oldest, oldest))


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The parameters of AssumeRole; names and limits as in the STS API reference.

    `role_id` is the unique id of the role that is meant, where it is known:
    a role that was made again under the same name is another one.
    """

    role_arn: str
    session_name: str
    source_identity: str
    external_id: str
    duration_seconds: int
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] | None = None
    policy_arns: Sequence[str] = ()
    role_id: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials on their way out: never stored, never printed."""

    access_key_id: str
    expiration: datetime
    secret_access_key: str = ""
    session_token: str = ""

    def __repr__(self) -> str:
        """Only what is not secret."""
        return f"Credentials({self.access_key_id}, until {self.expiration})"
