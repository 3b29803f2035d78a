"""The hash chain of the audit log, recomputed from its lines (docs/audit.md, "Checking the chain")."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from access_broker.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_broker.http.broker import Broker

GENESIS = "0" * 64
NOT_HASHED = frozenset({"hash", "logged_at"})
"""`hash` is the result; `logged_at` is CloudWatch's own time of the line, not part of it."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

RECENT = timedelta(minutes=10)
"""Lines get their places before they get into the log: beside one this young, others may be on their way."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between looks for what may be on its way."""

GAP = timedelta(days=7)
"""The longest time without a line (clean-up writes one a run): by so much the oldest line that is kept may be younger
than the retention."""


class Broken(Failure):
    """The chain does not hold."""


class OnItsWay(Broken):
    """Lines are missing beside one that is minutes old: they may be on their way into the log."""


class ForeignLines(Broken):
    """The broker's own chain is whole, and others wrote lines into the log."""


@dataclass(slots=True)
class Chain:
    """The chain up to the last line read.

    A line that cannot be one of the chain is set aside. If the chain goes on
    without it, others wrote it; if not, it stands in the place of an event.

    `head` is where the chain ended before the log was read: the log has to get
    there, however fast it grows meanwhile. `whole_from` is the time from which
    nothing may be missing; `from_first` says that the first line has to be
    event 1 or older than that.
    """

    now: datetime
    whole_from: datetime
    head: dict[str, Any]
    from_first: bool = True
    first: int = 0
    last: int = 0
    ends_at: str = ""
    hash: str = GENESIS
    count: int = 0
    aside: list[str] = field(default_factory=list)
    """Why each line since the last good one was set aside."""

    foreign: dict[str, str] = field(default_factory=dict)
    """Why each foreign line is none of the chain, by what it says and when."""

    def add(self, line: dict[str, Any]) -> None:
        """Check one more line; Broken says which rule it breaks. An exact repetition of the line before is dropped."""
        if self.count and line.get("hash") == self.hash and digest(line) == self.hash:
            return
        place = _place(line)
        trouble = self._trouble(line, place[0]) if place else "it is not an event any more"
        if trouble or not place:
            self.aside.append(self._told(line, trouble))
            self.foreign[digest(line) + str(line.get("logged_at"))] = self.aside[-1]
            return
        seq, at = place
        if missing := self._missing_before(seq, at):
            raise self._missing(at)(self._first_aside() or self._told(line, missing))
        self.aside.clear()
        self.first = self.first or seq
        self.last, self.ends_at, self.hash, self.count = seq, line["recorded_at"], line["hash"], self.count + 1
        self._hold_to(self.head)

    @property
    def complete(self) -> bool:
        """True if the chain has reached the head."""
        return self.last >= int(self.head["seq"])

    def end(self, latest: dict[str, Any]) -> None:
        """Broken if the log ends before the head, or after `latest`, the head that was read after the log.

        The head moves before a line is logged, so no line of the broker's is ever ahead of it.
        """
        at = datetime.fromisoformat(self.head["recorded_at"])
        if not self.complete and (self.count or at >= self.whole_from):
            ends = f"The log ends with event {self.last}, the chain with {self.head['seq']}"
            raise self._missing(at)(self._first_aside() or f"{ends}: events at the end are missing.")
        if self.last > int(latest["seq"]):
            ends = f"The log ends with event {self.last}, the chain with {latest['seq']}"
            raise Broken(f"{ends}: what follows it was forged.")
        self._hold_to(latest)

    def _hold_to(self, head: dict[str, Any]) -> None:
        if self.count and self.last == int(head["seq"]) and self.hash != head["hash"]:
            raise Broken(f"Event {self.last} is not the one the chain had there: it was replaced.")

    def _trouble(self, line: dict[str, Any], seq: int) -> str:
        """The fault of the line itself or of its place, in the order of docs/audit.md."""
        if line.get("logged_at") != line["recorded_at"]:
            return "it stands elsewhere than it was put"
        if digest(line) != line.get("hash"):
            return "its content was changed"
        if self.count and seq <= self.last:
            return "it is out of order"
        follows = not self.count or seq != self.last + 1 or line.get("previous") == self.hash
        return "" if follows and (seq != 1 or line.get("previous") == GENESIS) else "it does not follow the one before"

    def _missing_before(self, seq: int, at: datetime) -> str:
        if self.count:
            return f"it is event {seq}, so {seq - self.last - 1} are missing before it" if seq > self.last + 1 else ""
        begins_late = self.from_first and seq != 1 and at > self.whole_from
        return f"the log begins with event {seq}, and those before it are too young to be gone" if begins_late else ""

    def _missing(self, at: datetime) -> type[Broken]:
        return OnItsWay if at > self.now - RECENT else Broken

    def report_foreign(self) -> None:
        """Raise ForeignLines if there were any; the chain itself is whole."""
        if not self.foreign:
            return
        first = next(iter(self.foreign.values()))
        whole = f"The broker's own chain is whole, events {self.first} to {self.last}"
        raise ForeignLines(f"{whole}, but others wrote {len(self.foreign)} lines into the log. The first: {first}")

    def _first_aside(self) -> str:
        return self.aside[0] if self.aside else ""

    def _told(self, line: dict[str, Any], trouble: str) -> str:
        after = f" after event {self.last}" if self.count else ""
        return f"The chain breaks{after}, at the line logged at {line.get('logged_at')}: {trouble}."


def verified(broker: Broker, since: datetime | None, now: datetime, say: Callable[[int], None]) -> Chain:
    """The whole chain, or what there is of it since then; Broken says where it breaks.

    What may be on its way is looked for again, after 15 seconds of PAUSES for the last time.
    """
    head = broker.get("audit", "head")
    kept = timedelta(days=head["retention_days"])
    chain = Chain(now, since or now - kept + GAP, head, from_first=not since)
    for pause in PAUSES:
        try:
            return _read_all(broker, chain, since, say)
        except OnItsWay:
            broker.wait(pause)
    return _read_all(broker, chain, since, say)


def _read_all(broker: Broker, chain: Chain, since: datetime | None, say: Callable[[int], None]) -> Chain:
    _read_on(broker, chain, since, say)
    chain.report_foreign()
    return chain


def _read_on(broker: Broker, chain: Chain, since: datetime | None, say: Callable[[int], None]) -> None:
    """Add what the log has from the chain's last line on, and hold its end to the head.

    Past the head, what is on its way is the next check's matter.
    """
    start = chain.ends_at or (since or BEGINNING).isoformat()
    chain.aside.clear()
    try:
        for line in broker.items("events", "audit", since=start):
            chain.add(line)
            say(chain.count)
    except OnItsWay:
        if not chain.complete:
            raise
    chain.end(broker.get("audit", "head"))


def _place(line: dict[str, Any]) -> tuple[int, datetime] | None:
    """Its number and time; None for what is not shaped like a line of the chain."""
    try:
        seq, at = line["seq"], datetime.fromisoformat(line["recorded_at"])
    except (KeyError, TypeError, ValueError):
        return None
    return (seq, at) if type(seq) is int and at.tzinfo else None


def digest(line: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of everything but NOT_HASHED."""
    hashed = {name: value for name, value in line.items() if name not in NOT_HASHED}
    canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
