"""Time, ids, people and the fakes of core's and access's ports: they record, and answer what they were told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import Origin
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.roles import Role
from chalicelib.core.services.refusals import RefusalRecorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.ids import NewId
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
    """Ids in order of time, as the broker's own; the random part counts."""

    count: int = 0

    def __call__(self, at: datetime) -> str:
        self.count += 1
        return new_id(at, self.count.to_bytes(10, "big"))


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
class FakeJournal:
    fails_with: Exception | None = None
    events: list[AuditEvent] = field(default_factory=list)

    def record(self, event: AuditEvent) -> None:
        if self.fails_with:
            raise self.fails_with
        self.events.append(event)


def refusals(
    journal: Journal,
    clock: Callable[[], datetime] | None = None,
    ids: NewId | None = None,
    devices: Callable[[Caller], tuple[str, ...]] = lambda _caller: (),
) -> RefusalRecorder:
    """The recorder of refusals over a journal."""
    return RefusalRecorder(journal=journal, clock=clock or Clock(), new_id=ids or Ids(), devices=devices)


@dataclass
class FakeProvisioner:
    """The provision function. `fails` maps an action and a name to what is raised instead; `after` runs once, after it.

    `answer` is what it answers where `act` does nothing else.
    """

    orders: list[Mapping[str, Any]] = field(default_factory=list)
    fails: dict[tuple[str, str], Exception] = field(default_factory=dict)
    after: dict[tuple[str, str], Callable[[], object]] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The action and the name of each order."""
        return [_key(order) for order in self.orders]

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        key = _key(order)
        self.orders.append(order)
        if key in self.fails:
            raise self.fails[key]
        answer = self.act(order)
        self.after.pop(key, lambda: None)()
        return answer

    def act(self, _order: Mapping[str, Any]) -> dict[str, Any]:
        return self.answer


def _key(order: Mapping[str, Any]) -> tuple[str, str]:
    return order["action"], order.get("role") or order.get("name", "")


@dataclass
class FakeLeases:
    """Leases in memory, safe for threads. `lose_next` takes so many of the next extensions away.

    `before_extending` is what happens just before the n-th extension, once.
    """

    held: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    before_extending: dict[int, Callable[[], None]] = field(default_factory=dict)
    extensions: int = 0
    lose_next: int = 0
    _lock: RLock = field(default_factory=RLock, repr=False)

    def take(self, thing: str, holder: str, now: datetime, until: datetime) -> bool:
        with self._lock:
            if thing in self.held and self.held[thing][1] >= now and self.held[thing][0] != holder:
                return False
            self.held[thing] = (holder, until)
            return True

    def extend(self, thing: str, holder: str, until: datetime) -> bool:
        with self._lock:
            self._interrupted()
            if self.lose_next:
                self.lose_next -= 1
                return False
            if self.held.get(thing, ("", until))[0] != holder:
                return False
            self.held[thing] = (holder, until)
            return True

    def release(self, thing: str, holder: str) -> None:
        with self._lock:
            if self.held.get(thing, ("", None))[0] == holder:
                del self.held[thing]

    def _interrupted(self) -> None:
        if self.before_extending:
            self.extensions += 1
            if happening := self.before_extending.get(self.extensions):
                self.before_extending = {}
                happening()
