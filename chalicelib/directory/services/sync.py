"""Reading IAM in bulk into the directory: once a minute, only what changed, and one marker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import AwsUnavailable
from chalicelib.directory.domain.changes import changes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.domain.facts import Facts, Marker
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock
    from chalicelib.directory.domain.changes import Changes

    class IamListing(Protocol):
        """IAM, read in bulk."""

        def callers(self) -> Iterable[Facts]:
            """Every user and role that may call; AwsUnavailable where the listing is not complete."""
            ...

        def pages(self) -> int:
            """How many answers the latest listing took."""
            ...

    class DirectoryStore(Protocol):
        """The directory's rows. Every write fails with Conflict once another run has begun."""

        def begin(self, run: str, now: datetime, until: datetime) -> str:
            """Take over from the last run, and answer which one it was; Conflict while that one may be under way."""
            ...

        def known(self) -> dict[str, Facts]:
            """Every caller in the directory by unique id, read consistently."""
            ...

        def write(self, run: str, todo: Changes) -> None:
            """Write and remove rows."""
            ...

        def finish(self, run: str, seen_at: datetime) -> None:
            """Write as of when the whole was seen, and let the next run begin."""
            ...

        def give_up(self, run: str, failed_at: datetime) -> Marker:
            """Write that IAM did not answer, let the next run begin, and answer the marker."""
            ...


LEASE = timedelta(seconds=55)
"""How long a run may take; its function ends after 50 s, and the next run begins after 60."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The result of a run. `age_seconds` is how old the directory is now; None where it was never complete."""

    callers: int = 0
    pages: int = 0
    written: int = 0
    removed: int = 0
    complete: bool = True
    age_seconds: int | None = 0


@dataclass(slots=True, kw_only=True)
class DirectorySync:
    """One run at a time. What a run read is in the table before the marker says so.

    A run that is cut off leaves newer facts under the old marker, which are as
    true as stated. A run that was overtaken cannot write: every write is on
    condition that it is still the latest. `_known` is what the table holds,
    kept between runs of one container, and trusted only where the last run
    was this container's own and came to its end.
    """

    iam: IamListing
    store: DirectoryStore
    clock: Clock
    new_id: NewId
    _known: dict[str, Facts] = field(default_factory=dict, repr=False)
    _last_run: str = ""

    def run(self) -> RunOutcome:
        """Bring the directory up to date; Conflict while another run is under way."""
        started = self.clock()
        run = self.new_id(started)
        previous = self.store.begin(run, started, started + LEASE)
        trusted = previous != "" and previous == self._last_run
        self._last_run = ""
        known = self._known if trusted else self.store.known()
        try:
            seen = self._seen()
        except AwsUnavailable:
            return self._gave_up(run)
        todo = changes(known, seen)
        self.store.write(run, todo)
        self.store.finish(run, started)
        self._known, self._last_run = seen, run
        return RunOutcome(len(seen), self.iam.pages(), len(todo.put), len(todo.remove))

    def _seen(self) -> dict[str, Facts]:
        seen = {facts.unique_id: facts for facts in self.iam.callers()}
        if not seen:
            raise AwsUnavailable("IAM listed no role, not even this function's own.")
        return seen

    def _gave_up(self, run: str) -> RunOutcome:
        now = self.clock()
        marker = self.store.give_up(run, now)
        age = round((now - marker.seen_at).total_seconds()) if marker.seen_at else None
        return RunOutcome(complete=False, age_seconds=age)
