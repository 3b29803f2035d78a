"""What the services need of the world, as protocols. Adapters live in chalicelib.aws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from chalicelib.domain.activity import Call
    from chalicelib.domain.audit_filter import AuditFilter
    from chalicelib.domain.callers import Caller
    from chalicelib.domain.events import AuditEvent
    from chalicelib.domain.ledger import Head, Link
    from chalicelib.domain.revocation import RoleRevocations
    from chalicelib.domain.roles import Role
    from chalicelib.domain.sessions import Credentials, Session, SessionFilter, SessionSettings

    Clock = Callable[[], datetime]
    NewId = Callable[[datetime], str]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list; `cursor` is opaque and None on the last page."""

    items: tuple[Item, ...]
    cursor: str | None = None


class Principals(Protocol):
    """IAM, read only: who a caller is beyond the ARN."""

    def describe(self, caller: Caller) -> Caller:
        """The caller with groups and tags; Refused if the unique id is not the current one."""
        ...


class Catalogue(Protocol):
    """The roles the broker knows: rows written by the provisioner alone."""

    def get(self, name: str) -> Role | None:
        """The role of that name, or None."""
        ...

    def after(self, name: str) -> Iterator[Role]:
        """Every role whose name comes after `name`, in order of name, read as far as somebody looks."""
        ...


class RoleOwners(Protocol):
    """Which deployment made a role of this account: two may share one."""

    def deployment_of(self, role: str) -> str:
        """Its name; empty for a role that is gone, or that no broker made."""
        ...


class SessionLog(Protocol):
    """Session rows. Each write carries the audit event it makes (the row is the outbox)."""

    def record(self, session: Session, event: AuditEvent) -> None:
        """Write a new row; AuditUnavailable unless it is durable."""
        ...

    def mark_failed(self, session: Session, event: AuditEvent) -> None:
        """Say that AssumeRole was refused: no credentials exist for this row."""
        ...


class Journal(Protocol):
    """Events that change no other row, such as refusals."""

    def record(self, event: AuditEvent) -> None:
        """Write the event; AuditUnavailable unless it is durable."""
        ...


class RoleSessions(Protocol):
    """STS."""

    def assume(self, settings: SessionSettings) -> Credentials:
        """AssumeRole; RefusedByAws or AwsUnavailable with AWS's code."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ledger knows: the chain's head, which events have their place, which of those the log lacks."""

    head: Head
    known: frozenset[str] = frozenset()
    undelivered: tuple[Link, ...] = ()


class Ledger(Protocol):
    """The chain of audit events."""

    def head(self) -> Head:
        """The end of the chain."""
        ...

    def look(self, event_ids: Sequence[str]) -> Seen:
        """What is known of these events; AwsUnavailable or RefusedByAws."""
        ...

    def append(self, head: Head, links: Sequence[Link]) -> None:
        """Add lines after `head`, all or none.

        Conflict if the head moved or an event is there already, Contended if somebody is moving it.
        """
        ...

    def mark_delivered(self, links: Sequence[Link]) -> None:
        """Remember that the log has these lines."""
        ...


class AuditLog(Protocol):
    """The audit log group."""

    def put(self, links: Sequence[Link]) -> None:
        """Write lines in order; AuditUnavailable unless every one was taken."""
        ...


class DeadLetters(Protocol):
    """Stream records that no program can read."""

    def park(self, sequence: str, text: str, why: str) -> None:
        """Keep the record for a person; AuditUnavailable unless it is kept."""
        ...


class Sessions(Protocol):
    """Session rows, for those who look or take back."""

    def get(self, session_id: str) -> Session | None:
        """The session, or None."""
        ...

    def page(
        self, wanted: SessionFilter, now: datetime, limit: int, cursor: str | None, matches: Callable[[Session], bool]
    ) -> Page[Session]:
        """Newest first: those of the filter's caller, role and times that match. A page may be short."""
        ...

    def every(self, wanted: SessionFilter, now: datetime) -> Iterator[Session]:
        """Every session of the filter's caller, role and times, newest first, whatever its state."""
        ...

    def mark_revoked(self, session_id: str, at: datetime) -> None:
        """Show the session as revoked; AuditUnavailable unless it is durable."""
        ...


class SessionEnds(Protocol):
    """Session rows, for the schedule that tells how they end."""

    def expired(self, after: datetime, until: datetime) -> Iterator[Session]:
        """Sessions whose time ran out after `after` and by `until`, whatever else ended them before."""
        ...

    def alive(self, now: datetime) -> int:
        """How many sessions are active."""
        ...


class RevocationList(Protocol):
    """What is taken back on each role."""

    def get(self, role: str) -> RoleRevocations:
        """The list of a role; empty where nothing was ever taken back."""
        ...

    def every(self) -> list[RoleRevocations]:
        """Every role's list."""
        ...

    def save(self, changed: RoleRevocations, event: str | None) -> None:
        """Write the list over the version it was read at, with its event as JSON; Conflict if that is not the last."""
        ...

    def mark_rendered(self, role: str, version: int) -> None:
        """Remember which version IAM has."""
        ...


class RevocationPolicy(Protocol):
    """The inline policy that carries a revocation list."""

    def others(self, role: str) -> int:
        """Characters that the role's other inline policies take; NotFound if there is no such role."""
        ...

    def current(self, role: str) -> Mapping[str, Any] | None:
        """The policy that IAM has, or None."""
        ...

    def put(self, role: str, document: Mapping[str, Any]) -> None:
        """Replace the policy; NotFound if there is no such role."""
        ...

    def remove(self, role: str) -> None:
        """Take the policy away; nothing to do where there is none, or no role."""
        ...


class ActivityLog(Protocol):
    """CloudTrail, by session."""

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that are looked up, and no others."""
        ...

    def page(self, session: Session, cursor: str | None) -> Page[Call]:
        """What the session did: in order of time within a page, pages going back in time."""
        ...


class AuditReader(Protocol):
    """The audit log group, read."""

    def page(self, wanted: AuditFilter, limit: int, cursor: str | None) -> Page[Mapping[str, Any]]:
        """Lines in order of the log, each with `logged_at`. A page may be short."""
        ...


class ExpiryCheckpoint(Protocol):
    """Up to when expired sessions have their `expire` event."""

    def expiries_until(self) -> datetime | None:
        """The instant, or None before the first run."""
        ...

    def set_expiries_until(self, at: datetime) -> None:
        """Remember it."""
        ...
