"""Fakes of the ports of sessions, revocation and audit: they record, and fail when told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.audit.domain.hash_chain import GENESIS, Head, Link, Seen
from chalicelib.core.domain.errors import AuditUnavailable, BrokerError, Conflict
from chalicelib.core.domain.pages import Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


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


class FakeRoleOwners(dict[str, str]):
    """Deployments by role. A role that it does not know is gone, or no broker's."""

    def deployment_of(self, role: str) -> str:
        return self.get(role, "")


@dataclass
class FakeAuditReader:
    """The log group: what it was asked."""

    asked: list[Any] = field(default_factory=list)

    def page(self, wanted: Any, *rest: Any) -> Page[Any]:
        self.asked.append((wanted, *rest))
        return Page(())
