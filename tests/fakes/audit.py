"""Fakes of the ports of sessions, revocation and audit: they record, and fail when told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.audit.domain.hash_chain import GENESIS, Head, Link, Seen
from chalicelib.core.domain.errors import AuditUnavailable, BrokerError, Conflict, NotFound
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.sessions import Session
from chalicelib.sessions.domain.revocation import RoleRevocations
from tests.fakes.core import ALICE, NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.sessions import SessionFilter


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
class FakeLedger:
    """A ledger in memory, as strict as the table's."""

    current: Head = GENESIS
    links: dict[str, Link] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    conflicts: int = 0
    conflict: type[BrokerError] = Conflict
    until: datetime | None = None

    def head(self) -> Head:
        return self.current

    def look(self, event_ids: Sequence[str]) -> Seen:
        known = [self.links[name] for name in event_ids if name in self.links]
        undelivered = sorted((one for one in known if one.event_id not in self.delivered), key=lambda one: one.seq)
        return Seen(self.current, frozenset(one.event_id for one in known), tuple(undelivered))

    def append(self, head: Head, links: Sequence[Link]) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise self.conflict("moved")
        if head != self.current or any(link.event_id in self.links for link in links):
            raise Conflict("moved")
        self.links |= {link.event_id: link for link in links}
        self.current = links[-1].head

    def mark_delivered(self, links: Sequence[Link]) -> None:
        self.delivered |= {link.event_id for link in links}

    def expiries_until(self) -> datetime | None:
        return self.until

    def set_expiries_until(self, at: datetime) -> None:
        self.until = at


@dataclass
class FakeAuditLog:
    """The log group; `fails` calls fail before it works, and every one from the line `full_at` on."""

    fails: int = 0
    full_at: int | None = None
    lines: list[str] = field(default_factory=list)

    def put(self, links: Sequence[Link]) -> None:
        if self.fails:
            self.fails -= 1
            raise AuditUnavailable("CloudWatch is away")
        if self.full_at is not None and len(self.lines) >= self.full_at:
            raise AuditUnavailable("CloudWatch is away")
        self.lines += [link.line for link in links]


@dataclass
class FakeDeadLetters:
    fails: int = 0
    parked: list[tuple[str, str]] = field(default_factory=list)

    def park(self, sequence: str, text: str, why: str) -> None:
        assert why
        if self.fails:
            self.fails -= 1
            raise AuditUnavailable("SQS is away")
        self.parked.append((sequence, text))


@dataclass
class FakeSessions:
    """Rows in memory."""

    rows: dict[str, Session] = field(default_factory=dict)
    hidden_at_first: set[str] = field(default_factory=set)
    looks: int = 0
    fails_with: Exception | None = None

    def add(self, *sessions: Session) -> FakeSessions:
        self.rows |= {one.id: one for one in sessions}
        return self

    def get(self, session_id: str) -> Session | None:
        return self.rows.get(session_id)

    def page(
        self, wanted: SessionFilter, now: datetime, limit: int, cursor: str | None, matches: Callable[[Session], bool]
    ) -> Page[Session]:
        found = [one for one in self.every(wanted, now) if matches(one) and (not cursor or one.id < cursor)]
        return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)

    def every(self, wanted: SessionFilter, now: datetime) -> Iterator[Session]:
        self.looks += 1
        since, until = (
            wanted.since or datetime.min.replace(tzinfo=now.tzinfo),
            wanted.until or now + timedelta(minutes=1),
        )
        for one in sorted(self.rows.values(), key=lambda row: row.id, reverse=True):
            hidden = self.looks == 1 and one.id in self.hidden_at_first
            meant = wanted.caller in {"", one.caller} and wanted.role in {"", one.role}
            if meant and since <= one.issued_at < until and not hidden:
                yield one

    def expired(self, after: datetime, until: datetime) -> Iterator[Session]:
        return (one for one in self.rows.values() if after < one.expires_at <= until)

    def alive(self, now: datetime) -> int:
        return sum(one.state(now) == "active" for one in self.rows.values())

    def mark_revoked(self, session_id: str, at: datetime, because: str = "") -> None:
        if self.fails_with:
            raise self.fails_with
        self.rows[session_id] = replace(self.rows[session_id], revoked_at=at, revoked_because=because)


@dataclass
class FakeProvisioner:
    """The provision function: records orders, fails for the roles it is told to, widens as told."""

    failures: dict[str, Exception] = field(default_factory=dict)
    widened: list[dict[str, str]] = field(default_factory=list)
    orders: list[Mapping[str, Any]] = field(default_factory=list)

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        if order["role"] in self.failures:
            raise self.failures[order["role"]]
        self.orders.append(order)
        return {"used_percent": 1.0, "widened": self.widened}


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
        self._must_be_there(role)
        self.policies.pop(role, None)

    def _must_be_there(self, role: str) -> None:
        if role in self.gone:
            raise NotFound(f"AWS has no role {role}.")


class FakeLeaseStore:
    """Leases in memory; `lose_next` takes the next one away in the middle."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.lose_next = 0
        self._lock = Lock()

    def take(self, thing: str, holder: str, now: datetime, until: datetime) -> bool:
        assert until > now
        with self._lock:
            return self.held.setdefault(thing, holder) == holder

    def extend(self, thing: str, holder: str, until: datetime) -> bool:
        assert until
        with self._lock:
            if self.lose_next:
                self.lose_next -= 1
                return False
            return self.held.get(thing) == holder

    def release(self, thing: str, holder: str) -> None:
        with self._lock:
            if self.held.get(thing) == holder:
                del self.held[thing]
