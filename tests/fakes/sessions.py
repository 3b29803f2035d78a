"""Sessions, what ends them, and AWS behind both, on fakes."""
# ruff: noqa: ARG002  a fake takes what its port takes

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import Conflict, NotFound
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.sessions import Credentials, Session
from chalicelib.sessions.domain.activity import ActivityPage
from chalicelib.sessions.domain.revocation import RoleRevocations
from tests.fakes.approvals import FakeGrants
from tests.fakes.core import ALICE, NOW, Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import AuditEvent, Origin
    from chalicelib.core.domain.sessions import SessionFilter, SessionSettings


def session(number: int = 1, caller: Caller = ALICE, *, issued_at: datetime = NOW, **members: Any) -> Session:
    """A session of an hour."""
    session_id = new_id(issued_at, number.to_bytes(10, "big"))
    made = Session(
        id=session_id,
        caller=caller.name,
        caller_id=caller.unique_id,
        caller_arn=caller.arn,
        role="ec2-full",
        role_arn="arn:aws:iam::123456789012:role/access-broker/ec2-full",
        session_name=f"{caller.name}-{session_id}",
        source_identity=caller.name,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(hours=1),
    )
    return replace(made, **members)


@dataclass
class FakeSessions:
    """Session rows, written under their grant as the table's transaction does.

    `hidden_at_first` are rows that the first look at an index does not show yet.
    """

    grants: FakeGrants = field(default_factory=FakeGrants)
    rows: dict[str, Session] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    hidden_at_first: set[str] = field(default_factory=set)
    looks: int = 0
    fails_with: Exception | None = None

    def add(self, *sessions: Session) -> FakeSessions:
        self.rows |= {one.id: one for one in sessions}
        return self

    def record(self, session: Session, event: AuditEvent) -> None:
        self._available()
        if session.grant:
            self.grants.note(session)
        self.rows[session.id] = session
        self.events.append(event)

    def mark_failed(self, session: Session, event: AuditEvent) -> None:
        self.failed.append(session.id)
        self.events.append(event)

    def mark_revoked(self, session_id: str, at: datetime, because: str = "") -> None:
        self._available()
        row = self.rows[session_id]
        self.rows[session_id] = replace(
            row, revoked_at=row.revoked_at or at, revoked_because=because or row.revoked_because
        )

    def get(self, session_id: str) -> Session | None:
        return self.rows.get(session_id)

    def page(
        self, wanted: SessionFilter, now: datetime, limit: int, cursor: str | None, matches: Callable[[Session], bool]
    ) -> Page[Session]:
        found = [one for one in self.every(wanted, now) if matches(one) and (not cursor or one.id < cursor)]
        return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)

    def every(self, wanted: SessionFilter, now: datetime) -> Iterator[Session]:
        self.looks += 1
        since = wanted.since or datetime.min.replace(tzinfo=now.tzinfo)
        until = wanted.until or now + timedelta(minutes=1)
        for one in sorted(self.rows.values(), key=lambda row: row.id, reverse=True):
            hidden = self.looks == 1 and one.id in self.hidden_at_first
            meant = wanted.caller in {"", one.caller} and wanted.role in {"", one.role}
            if meant and since <= one.issued_at < until and not hidden:
                yield one

    def expired(self, after: datetime, until: datetime) -> Iterator[Session]:
        newest_first = sorted(self.rows.values(), key=lambda row: row.id, reverse=True)
        return (one for one in newest_first if after < one.expires_at <= until)

    def alive(self, now: datetime) -> int:
        return sum(one.state(now) == "active" for one in self.rows.values())

    def _available(self) -> None:
        if self.fails_with:
            raise self.fails_with


@dataclass
class FakeReviews:
    sessions: FakeSessions
    events: list[AuditEvent] = field(default_factory=list)

    def sign_off(self, session: Session, event: AuditEvent) -> None:
        if self.sessions.rows[session.id].reviewed_at:
            raise Conflict("Somebody reviewed it.")
        self.sessions.rows[session.id] = session
        self.events.append(event)

    def waiting(self) -> Iterator[str]:
        return (session.id for session in self.sessions.rows.values() if session.unreviewed)


@dataclass
class FakeEnder:
    """Takes sessions back and remembers which."""

    sessions: FakeSessions
    clock: Clock
    before_end: Callable[[str], None] = lambda _session_id: None
    ended: list[str] = field(default_factory=list)
    fails_with: Exception | None = None

    def end_session(self, session_id: str, reason: str, origin: Origin) -> None:
        """As whoever may."""
        self.end_with_grant(self.sessions.rows[session_id], reason, origin)

    def end_with_grant(self, session: Session, reason: str, origin: Origin) -> None:
        if self.fails_with:
            raise self.fails_with
        self.before_end(session.id)
        self.ended.append(session.id)
        self.sessions.mark_revoked(session.id, self.clock())


@dataclass
class FakeSts:
    fails_with: Exception | None = None
    asked: list[SessionSettings] = field(default_factory=list)

    def assume(self, settings: SessionSettings) -> Credentials:
        self.asked.append(settings)
        if self.fails_with:
            raise self.fails_with
        return Credentials("ASIA1", NOW + timedelta(seconds=settings.duration_seconds), "secret", "token")


@dataclass
class FakeSignIn:
    fails_with: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def link(self, credentials: Credentials, destination: str) -> str:
        self.asked.append(f"{credentials.access_key_id} {destination}")
        if self.fails_with:
            raise self.fails_with
        return "https://signin.example/federation?SigninToken=canary"


@dataclass
class FakeActivityLog:
    """CloudTrail: what it was asked."""

    asked: list[Any] = field(default_factory=list)

    @property
    def regions(self) -> tuple[str, ...]:
        return ("eu-west-1",)

    def page(self, session: Session, cursor: str | None) -> ActivityPage:
        self.asked.append((session, cursor))
        return ActivityPage(())


class FakeRevocationList:
    """Rows in memory with the table's conditional writes; safe for threads."""

    def __init__(self) -> None:
        self.rows: dict[str, RoleRevocations] = {}
        self.events: list[str] = []
        self._lock = Lock()

    def get(self, role: str) -> RoleRevocations:
        with self._lock:
            return self.rows.get(role, RoleRevocations(role))

    def every(self) -> list[RoleRevocations]:
        with self._lock:
            return list(self.rows.values())

    def save(self, changed: RoleRevocations, event: str | None) -> None:
        with self._lock:
            if self.rows.get(changed.role, RoleRevocations(changed.role)).version != changed.version:
                raise Conflict("somebody was faster")
            rendered = self.rows.get(changed.role, changed).rendered
            self.rows[changed.role] = replace(changed, version=changed.version + 1, rendered=rendered)
            self.events += [event] if event else []

    def mark_rendered(self, role: str, version: int) -> None:
        with self._lock:
            self.rows[role] = replace(self.rows[role], rendered=version)


class FakeRevocationPolicy:
    """Inline policies in memory. `before_put` runs in the middle of a put, to let others in between."""

    def __init__(self) -> None:
        self.policies: dict[str, Mapping[str, Any]] = {}
        self.puts = 0
        self.taken = 0
        self.fails_with: Exception | None = None
        self.gone: set[str] = set()
        self.before_put: Callable[[], None] = lambda: None

    def others(self, role: str) -> int:
        self._must_be_there(role)
        return self.taken

    def current(self, role: str) -> Mapping[str, Any] | None:
        return self.policies.get(role)

    def put(self, role: str, document: Mapping[str, Any]) -> None:
        if self.fails_with:
            raise self.fails_with
        self._must_be_there(role)
        self.before_put()
        self.puts += 1
        self.policies[role] = document

    def remove(self, role: str) -> None:
        self.policies.pop(role, None)

    def _must_be_there(self, role: str) -> None:
        if role in self.gone:
            raise NotFound(f"AWS has no role {role}.")
