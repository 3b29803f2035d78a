"""Recognizing a caller: facts from the directory while it is fresh, else from IAM, else old ones for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.access.domain.facts import FRESH, FactsChanged, described, refuse_suspended
from chalicelib.core.domain.errors import AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Executor, Future
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.domain.facts import Facts, Sight
    from chalicelib.access.services.principals import Principals
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.times import Clock

    class Sights(Protocol):
        """The table, read about one caller."""

        def look(self, caller: Caller, role: str) -> Sight:
            """Facts, marker, suspensions and role in one consistent read; AwsUnavailable or RefusedByAws."""
            ...


GUESSES_KEPT = 4096
"""Recognized callers kept per container."""

READ_AGAIN = timedelta(seconds=1)
"""A read that is older is repeated before anything leaves. A suspension looks for sessions a second time after twice
as long (directory.services.suspend)."""

IAM_LEFT_ALONE = timedelta(seconds=10)
"""How long a container does without IAM after IAM did not answer, where it has facts to use."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """A caller, the role they ask for, and as of when that is known. `stale`: IAM could not be asked."""

    caller: Caller
    role: Role | None
    as_of: datetime
    read_at: datetime
    stale: bool = False

    def same(self, other: Recognized) -> bool:
        """True if a decision on one is a decision on the other."""
        return (self.caller, self.role, self.stale) == (other.caller, other.role, other.stale)


@dataclass(slots=True, kw_only=True)
class Recognition:
    """Says who a caller is.

    `max_age` is the greatest age of facts while IAM cannot be asked;
    `hasty_iam` is asked where there are such facts, and gives up sooner.
    """

    sights: Sights
    iam: Callable[[], Principals]
    hasty_iam: Callable[[], Principals]
    max_age: timedelta
    pinned: Collection[str]
    reader: Callable[[], Executor]
    clock: Clock
    _guesses: dict[tuple[str, str, str], Recognized] = field(default_factory=dict, repr=False)
    _iam_failed_at: datetime | None = None

    def recognize(self, caller: Caller, role: str = "") -> Recognized:
        """The caller, read now.

        Raises Suspended, Refused (IAM has no such caller, or another one of
        that name), AwsUnavailable where neither directory nor IAM can tell.
        """
        sight = self.sights.look(caller, role)
        refuse_suspended(sight)
        facts, as_of, stale = self._facts(caller, sight)
        found = Recognized(described(caller, facts, self.pinned), sight.role, as_of, sight.read_at, stale)
        self._keep((caller.unique_id, caller.arn, role), found)
        return found

    def check_not_suspended(self, caller: Caller) -> None:
        """Suspended where a suspension stands against the caller; for those whom another way has recognized."""
        refuse_suspended(self.sights.look(caller, ""))

    def guess(self, caller: Caller, role: str) -> tuple[Recognized, Callable[[], Recognized]]:
        """The caller as this container saw them last, and how to confirm that while a decision is prepared.

        The confirmation reads the table beside the calls to come. It raises
        as `recognize`, or FactsChanged: then the guess was wrong and nothing
        that came of it may leave. A caller that the container does not know is read at once.
        """
        guessed = self._guesses.get((caller.unique_id, caller.arn, role))
        if guessed is None:
            found = self.recognize(caller, role)
            return found, lambda: self._confirm(found, found, caller, role)
        reading: Future[Recognized] = self.reader().submit(self.recognize, caller, role)
        return guessed, lambda: self._confirm(guessed, reading.result(), caller, role)

    def _confirm(self, guessed: Recognized, found: Recognized, caller: Caller, role: str) -> Recognized:
        if self.clock() - found.read_at > READ_AGAIN:
            found = self.recognize(caller, role)
        if not guessed.same(found):
            raise FactsChanged("What the broker knows of this caller or role changed in this moment. Try again.")
        return found

    def _facts(self, caller: Caller, sight: Sight) -> tuple[Facts, datetime, bool]:
        """The facts, as of when, and whether they are older than is usual."""
        seen_at = sight.marker.seen_at
        if sight.facts and seen_at and sight.usable(FRESH):
            return sight.facts, seen_at, False
        spare = (sight.facts, seen_at, True) if sight.facts and seen_at and sight.usable(self.max_age) else None
        if spare and (sight.marker.failing(sight.read_at) or self._iam_left_alone(sight.read_at)):
            return spare
        try:
            asked = self.hasty_iam() if spare else self.iam()
            return asked.facts(caller), sight.read_at, False
        except AwsUnavailable:
            self._iam_failed_at = sight.read_at
            if spare:
                return spare
            raise

    def _iam_left_alone(self, now: datetime) -> bool:
        return self._iam_failed_at is not None and now - self._iam_failed_at < IAM_LEFT_ALONE

    def _keep(self, key: tuple[str, str, str], found: Recognized) -> None:
        self._guesses.pop(key, None)
        self._guesses[key] = found
        while len(self._guesses) > GUESSES_KEPT:
            self._guesses.pop(next(iter(self._guesses)), None)
