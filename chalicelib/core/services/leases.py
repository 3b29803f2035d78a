"""One change of a role or user at a time: a lease in the table, extended step by step."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import AwsUnavailable, Conflict, RefusedByAws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Protocol

    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock, Pause

    class LeaseStore(Protocol):
        """One holder per thing at a time."""

        def take(self, thing: str, holder: str, now: datetime, until: datetime) -> bool:
            """True if `holder` has it until then: it was free, its own already, or the lease had run out."""
            ...

        def extend(self, thing: str, holder: str, until: datetime) -> bool:
            """True if it is still the holder's, now until then."""
            ...

        def release(self, thing: str, holder: str) -> None:
            """Give it up; nothing happens if another holder has it by now."""
            ...


LEASE_SECONDS = 30
"""A provisioner that was killed keeps others out for this long after its last step."""

WAIT_SECONDS = 40
"""A change waits this long for another change of the same thing; more than a lease."""

LOOK_AGAIN_SECONDS = 0.5


class LeaseLost(Conflict):
    """Another holder took over: code that gets this error must not change the thing again."""


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """How long a lease lasts after its last step, how long to wait for one, and the work's name in messages."""

    seconds: int = LEASE_SECONDS
    wait_seconds: int = WAIT_SECONDS
    work: str = "change of this"


DEFAULT_TERMS = LeaseTerms()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to change one thing; `extend` before every step."""

    thing: str
    holder: str
    leases: Leases

    def extend(self) -> None:
        """Keep the lease for the next step; LeaseLost if it ran out and another holder has it."""
        terms = self.leases.terms
        until = self.leases.clock() + timedelta(seconds=terms.seconds)
        if not self.leases.store.extend(self.thing, self.holder, until):
            raise LeaseLost(f"Another {terms.work} took over: this one took too long. Look at the result and repeat.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases:
    """Hands out leases, waiting a bounded time for them."""

    store: LeaseStore
    clock: Clock
    new_id: NewId
    pause: Pause
    terms: LeaseTerms = DEFAULT_TERMS

    @contextmanager
    def hold(self, thing: str) -> Iterator[Lease]:
        """The lease on `thing` while the block runs; Conflict if it does not come free in time."""
        lease = self._take(thing)
        try:
            yield lease
        finally:
            # What was done is done, and the answer may hold secrets: a lease that is not given up runs out.
            with suppress(AwsUnavailable, RefusedByAws):
                self.store.release(thing, lease.holder)

    def _take(self, thing: str) -> Lease:
        started = self.clock()
        holder = self.new_id(started)
        while True:
            now = self.clock()
            if self.store.take(thing, holder, now, now + timedelta(seconds=self.terms.seconds)):
                return Lease(thing, holder, self)
            if now - started >= timedelta(seconds=self.terms.wait_seconds):
                raise Conflict(f"Another {self.terms.work} is under way. Try again in a minute.")
            self.pause(LOOK_AGAIN_SECONDS)
