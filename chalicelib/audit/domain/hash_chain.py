"""The hash chain over audit events: what was logged cannot be changed, dropped or swapped unseen.

A log line is the event plus four members. `recorded_at` rises strictly from
line to line and is the line's time in CloudWatch Logs, so the log's own order
is the chain's. `seq` counts from 1, `previous` is the hash of the line before,
and `hash` is SHA-256 over the canonical JSON of everything else in the line.
docs/audit.md tells readers how to check it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from chalicelib.core.domain.events import SCHEMA_VERSION, TYPES
from chalicelib.core.domain.times import from_rfc3339, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_EVENT_BYTES = 256 * 1024
"""Longest event, as a line writes it: with its chain it still fits a DynamoDB item (400 KB) and a log event (1 MB)."""

MAX_LEVELS = 100
"""How deep values may stand in one another: ours need ten, and near a thousand JSON ends in RecursionError."""

TICK = timedelta(milliseconds=1)
"""CloudWatch Logs counts time in milliseconds: one line each."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The ledger's state: the head of the chain, the known events, and the lines not yet delivered to the log."""

    head: Head
    known: frozenset[str] = frozenset()
    undelivered: tuple[Link, ...] = ()


Version = Literal[1, 2]
"""The versions that the log may hold: lines of version 1 stay until their retention is over."""


class Unreadable(ValueError):
    """The `event` attribute of a row is not an audit event."""


class _Envelope(msgspec.Struct):
    """The members every event has; the rest is described by docs/audit-event.schema.json."""

    version: Version
    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-hjkmnp-tv-z]{26}$")]
    type: str
    at: str
    caller: dict[str, Any]


class _Caller(msgspec.Struct):
    name: str
    kind: str
    arn: str
    id: str


class _Detail(msgspec.Struct):
    sessions: list[str] = []


class _Line(msgspec.Struct):
    """A line as docs/audit-event.schema.json has it: what those who filter and show lines rely on."""

    version: Version
    id: str
    type: str
    at: str
    caller: _Caller
    role: str
    session: str
    reason: str
    policies: list[str]
    policy_set: str
    request_id: str
    source_ip: str
    detail: _Detail
    recorded_at: str
    seq: int
    previous: str
    hash: str
    decision: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    seq: int
    hash: str
    recorded_at: datetime


GENESIS = Head(0, "0" * 64, datetime(1970, 1, 1, tzinfo=UTC))
"""Before the first line."""


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the log, with its place in the chain."""

    event_id: str
    seq: int
    hash: str
    recorded_at: datetime
    line: str

    @property
    def head(self) -> Head:
        """The end of a chain whose last line this is."""
        return Head(self.seq, self.hash, self.recorded_at)


def read(text: str) -> dict[str, Any]:
    """The event in a row's `event` attribute; Unreadable says what is wrong, without quoting it."""
    try:
        envelope = msgspec.json.decode(text, type=_Envelope)
        from_rfc3339(envelope.at)
        document: dict[str, Any] = json.loads(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable(f"not an event of version 1 to {SCHEMA_VERSION} ({type(error).__name__})") from None
    if envelope.type not in TYPES:
        raise Unreadable("its type is not one of domain/events.TYPES")
    if _deeper(document, MAX_LEVELS):
        raise Unreadable(f"nested deeper than {MAX_LEVELS} levels")
    if len(json.dumps(document)) > MAX_EVENT_BYTES:
        raise Unreadable(f"longer than {MAX_EVENT_BYTES} bytes, written in ASCII")
    return document


def line(text: str) -> dict[str, Any] | None:
    """A line of the log as an object; None for a foreign line that has another form."""
    try:
        msgspec.json.decode(text, type=_Line)
        document: dict[str, Any] = json.loads(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return document


def chain(events: Iterable[Mapping[str, Any]], head: Head, now: datetime) -> tuple[Link, ...]:
    """The lines that follow `head`, one per event, in the order given."""
    links = []
    for event in events:
        link = _link(event, head, max(_whole_milliseconds(now), head.recorded_at + TICK))
        links.append(link)
        head = link.head
    return tuple(links)


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the line's canonical JSON: keys sorted, no spaces, ASCII, without `hash`."""
    hashed = {name: value for name, value in document.items() if name != "hash"}
    return hashlib.sha256(json.dumps(hashed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _link(event: Mapping[str, Any], head: Head, recorded_at: datetime) -> Link:
    document = {**event, "recorded_at": rfc3339(recorded_at), "seq": head.seq + 1, "previous": head.hash}
    document["hash"] = digest(document)
    line = json.dumps(document, separators=(",", ":"))
    return Link(event["id"], head.seq + 1, document["hash"], recorded_at, line)


def _deeper(document: Mapping[str, Any], levels: int) -> bool:
    found: list[Any] = [document]
    for _ in range(levels):
        found = [inner for one in found for inner in _inside(one)]
    return bool(found)


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
