"""Auditing: changes of the table become lines of the audit log, each once, chained, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.audit.domain.hash_chain import Unreadable, chain, read
from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AuditUnavailable, BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Protocol

    from chalicelib.audit.domain.hash_chain import Head, Link, Seen
    from chalicelib.core.domain.times import Clock

    Event = Mapping[str, Any]

    class Ledger(Protocol):
        """The chain of audit events."""

        def head(self) -> Head:
            """The end of the chain."""
            ...

        def look(self, event_ids: Sequence[str]) -> Seen:
            """The known state of these events; AwsUnavailable or RefusedByAws."""
            ...

        def append(self, head: Head, links: Sequence[Link]) -> None:
            """Add lines after `head`, all or none.

            Conflict if the head moved or an event is there already, Contended if another writer is moving it.
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


MAX_TRIES = 12
"""Attempts to move the chain's head against other invocations; with the pauses of wiring under 8 s in all."""

MAX_LINES = 99
"""DynamoDB writes 100 items in one transaction: the markers and the head."""

MAX_BYTES = 900_000
"""Below PutLogEvents' 1,048,576 bytes with its overhead per event and the four members of the chain."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One stream record that carries an event: its place in the stream and the event's text."""

    sequence: str
    text: str


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The result of a batch. Lambda redelivers everything from the record `resume_at` on."""

    logged: tuple[Event, ...] = ()
    parked: int = 0
    resume_at: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDelivery:
    """At least once from the stream, once in the log: the ledger remembers event ids.

    A crash between the log's answer and the ledger's mark repeats lines that
    are equal to the byte; readers drop those.
    """

    ledger: Ledger
    log: AuditLog
    dead_letters: DeadLetters
    clock: Clock
    pause: Callable[[int], None]

    def take(self, changes: Sequence[RowChange]) -> DeliveryOutcome:
        """Log what can be read, park what cannot; on a passing failure say from where to redeliver."""
        good, poison = _sorted_out(changes)
        logged: list[Event] = []
        parked = 0
        resume_at = changes[0].sequence if changes else ""
        try:
            logged.extend(self.deliver(good))
            for change, why in poison:
                resume_at = change.sequence
                self.dead_letters.park(change.sequence, change.text, why)
                parked += 1
        except BrokerError as failure:
            return DeliveryOutcome(tuple(logged), parked, resume_at, failure.detail)
        return DeliveryOutcome(tuple(logged), parked)

    def deliver(self, events: Mapping[str, Event]) -> Iterator[Event]:
        """Chain and log events by id; yields those that were not in the log before, once they are."""
        for portion in _portions(events):
            links = self._chained(portion)
            if links:
                self.log.put(links)
                self.ledger.mark_delivered(links)
            yield from (json.loads(link.line) for link in links)

    def _chained(self, events: Mapping[str, Event]) -> tuple[Link, ...]:
        """Give every event a place in the chain, once; answers what the log does not have yet."""

        def prepare() -> tuple[tuple[Link, ...], Callable[[], None] | None]:
            seen = self.ledger.look(tuple(events))
            new = chain((event for name, event in events.items() if name not in seen.known), seen.head, self.clock())
            return (*seen.undelivered, *new), (partial(self.ledger.append, seen.head, new) if new else None)

        exhausted = AuditUnavailable("The chain's head moved at every attempt.")
        return write_conditionally(prepare, pause=self.pause, tries=MAX_TRIES, exhausted=exhausted)


def _sorted_out(changes: Sequence[RowChange]) -> tuple[dict[str, Event], list[tuple[RowChange, str]]]:
    """Events by id, and the changes that are none with what is wrong with them."""
    good: dict[str, Event] = {}
    poison: list[tuple[RowChange, str]] = []
    for change in changes:
        try:
            event = read(change.text)
        except Unreadable as why:
            poison.append((change, str(why)))
        else:
            good[event["id"]] = event
    return good, poison


def _portions(events: Mapping[str, Event]) -> Iterator[dict[str, Event]]:
    """As much as one transaction and one PutLogEvents take."""
    portion: dict[str, Event] = {}
    size = 0
    for name, event in events.items():
        length = len(json.dumps(event))
        if portion and (len(portion) == MAX_LINES or size + length > MAX_BYTES):
            yield portion
            portion, size = {}, 0
        portion[name] = event
        size += length
    if portion:
        yield portion
