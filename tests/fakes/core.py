"""Fakes of the ports: they record what they were asked and answer what they were told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import Origin
from chalicelib.core.domain.roles import Role
from chalicelib.core.domain.sessions import Credentials
from chalicelib.core.services.refusals import RefusalRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.sessions import Session, SessionSettings
    from chalicelib.core.services.journal import Journal

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALICE = Caller("user", "alice", "arn:aws:iam::123456789012:user/alice", "123456789012", "AIDA1", ("engineers",))
CAROL = Caller("user", "carol", "arn:aws:iam::123456789012:user/carol", "123456789012", "AIDA3")
EC2 = Role(
    "ec2-full",
    "arn:aws:iam::123456789012:role/access-broker/ec2-full",
    tags={"access-broker:audience": "engineers"},
)

BESIDE = ThreadPoolExecutor(max_workers=16)
"""The thread of wiring.beside; more of them here, where a test lets others act in the middle of a write."""


def origin(caller: Caller = ALICE) -> Origin:
    """A request of `caller`."""
    return Origin(caller, "request-1", "203.0.113.7", "digest")


@dataclass
class Clock:
    """Time that moves when told."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Ids:
    """Ids that count."""

    numbers: count[int] = field(default_factory=lambda: count(1))

    def __call__(self, _at: datetime) -> str:
        return f"{next(self.numbers):026}"


@dataclass
class FakeCatalogue:
    roles: dict[str, Role] = field(default_factory=lambda: {EC2.name: EC2})
    reads: int = 0

    def get(self, name: str) -> Role | None:
        self.reads += 1
        return self.roles.get(name)

    def after(self, name: str) -> Iterator[Role]:
        return (role for key, role in sorted(self.roles.items()) if key > name)


@dataclass
class FakeSessionLog:
    fails_with: Exception | None = None
    rows: list[Session] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def record(self, session: Session, event: AuditEvent) -> None:
        if self.fails_with:
            raise self.fails_with
        self.rows.append(session)
        self.events.append(event)

    def mark_failed(self, session: Session, event: AuditEvent) -> None:
        self.failed.append(session.id)
        self.events.append(event)


@dataclass
class FakeJournal:
    fails_with: Exception | None = None
    events: list[AuditEvent] = field(default_factory=list)

    def record(self, event: AuditEvent) -> None:
        if self.fails_with:
            raise self.fails_with
        self.events.append(event)


def refusals(journal: Journal, clock: Clock | None = None, new_id: NewId | None = None) -> RefusalRecorder:
    """The recorder of refusals over a journal."""
    return RefusalRecorder(journal=journal, clock=clock or Clock(), new_id=new_id or Ids())


@dataclass
class FakeSts:
    fails_with: Exception | None = None
    asked: list[SessionSettings] = field(default_factory=list)

    def assume(self, settings: SessionSettings) -> Credentials:
        self.asked.append(settings)
        if self.fails_with:
            raise self.fails_with
        return Credentials("ASIA1", NOW + timedelta(seconds=settings.duration_seconds), "secret", "token")
