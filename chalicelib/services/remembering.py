"""What a container remembers of IAM and the catalogue: for a minute, read once at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from chalicelib.domain.callers import Caller
    from chalicelib.domain.ports import Catalogue, Clock, Principals
    from chalicelib.domain.roles import Role

Value = TypeVar("Value")

ENTRIES_KEPT = 4096
"""Entries kept per container; the oldest leave first."""

LOCKS = 64
"""Shared by all keys: a lock for each would stay behind for every name that somebody guesses."""


@dataclass
class Memory(Generic[Value]):
    """Values by key with an age limit. One reader per key at a time (single flight).

    A failed read is not remembered, and a value past its age is never
    returned, not even when reading it again fails: stale is not allowed.
    """

    clock: Clock
    seconds: int
    _values: dict[str, tuple[datetime, Value]] = field(default_factory=dict)
    _reading: tuple[Lock, ...] = field(default_factory=lambda: tuple(Lock() for _ in range(LOCKS)))

    def get(self, key: str, read: Callable[[], Value]) -> Value:
        """The remembered value of `key`, or what `read` answers now."""
        with self._reading[hash(key) % LOCKS]:
            found = self._values.get(key)
            if found and self.clock() - found[0] < timedelta(seconds=self.seconds):
                return found[1]
            since = self.clock()
            value = read()
            self._values.pop(key, None)
            self._values[key] = (since, value)
        self._forget_oldest()
        return value

    def _forget_oldest(self) -> None:
        while len(self._values) > ENTRIES_KEPT:
            self._values.pop(next(iter(self._values)), None)


class RememberedPrincipals:
    """Callers by unique id: a recreated namesake is another key."""

    def __init__(self, principals: Principals, clock: Clock, seconds: int) -> None:
        self._principals = principals
        self._memory: Memory[Caller] = Memory(clock, seconds)

    def describe(self, caller: Caller) -> Caller:
        """As the port says, at most `seconds` old."""
        return self._memory.get(f"{caller.unique_id} {caller.arn}", lambda: self._principals.describe(caller))


class RememberedCatalogue:
    """Roles by name. A role that is not there is not remembered: it may be made any moment."""

    def __init__(self, catalogue: Catalogue, clock: Clock, seconds: int) -> None:
        self._catalogue = catalogue
        self._memory: Memory[Role] = Memory(clock, seconds)

    def get(self, name: str) -> Role | None:
        """As the port says, at most `seconds` old."""
        try:
            return self._memory.get(name, lambda: self._present(name))
        except LookupError:
            return None

    def after(self, name: str) -> Iterator[Role]:
        """As the port says; lists are always read anew."""
        return self._catalogue.after(name)

    def _present(self, name: str) -> Role:
        role = self._catalogue.get(name)
        if role is None:
            raise LookupError(name)
        return role
