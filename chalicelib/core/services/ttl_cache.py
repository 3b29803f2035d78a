"""Values that a container keeps for a limited time, each read once at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.core.domain.times import Clock

Value = TypeVar("Value")

ENTRIES_KEPT = 4096
"""Entries kept per container; the oldest leave first."""

LOCKS = 64
"""Shared by all keys: a lock for each would stay behind for every name that a caller guesses."""


@dataclass
class TtlCache(Generic[Value]):
    """Values by key with an age limit. One reader per key at a time (single flight).

    A failed read is not remembered, and a value past its age is never
    returned, not even when reading it again fails: stale is not allowed.
    """

    clock: Clock
    seconds: int
    _values: dict[str, tuple[datetime, Value]] = field(default_factory=dict, repr=False)
    _reading: tuple[Lock, ...] = field(default_factory=lambda: tuple(Lock() for _ in range(LOCKS)))

    def get(self, key: str, read: Callable[[], Value]) -> Value:
        """The remembered value of `key`, or what `read` answers now."""
        with self._reading[hash(key) % LOCKS]:
            found = self._values.get(key)
            if found and self.clock() - found[0] < timedelta(seconds=self.seconds):
                return found[1]
            since = self.clock()
            value = read()
            self._keep(key, since, value)
        return value

    def put(self, key: str, value: Value) -> None:
        """Keep a value that was read elsewhere at this moment."""
        self._keep(key, self.clock(), value)

    def forget(self, key: str) -> None:
        """Read the value again the next time."""
        self._values.pop(key, None)

    def _keep(self, key: str, since: datetime, value: Value) -> None:
        self._values.pop(key, None)
        self._values[key] = (since, value)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._values) > ENTRIES_KEPT:
            self._values.pop(next(iter(self._values)), None)
