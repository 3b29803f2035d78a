"""A directory, IAM behind it, and the reading of both, on fakes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.access.domain.facts import Facts, Marker, Sight, Suspension, iam_id, subjects
from chalicelib.access.services.recognition import Recognition
from chalicelib.core.domain.errors import AwsUnavailable, Conflict, Refused
from chalicelib.directory.services.sync import DirectorySync
from tests.fakes.core import Clock, Ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Account, Role
    from chalicelib.directory.domain.changes import Changes

ACCOUNT = "123456789012"
READER = ThreadPoolExecutor(max_workers=4)


def user_facts(name: str, unique_id: str, *groups: str, **tags: str) -> Facts:
    return Facts(unique_id, "user", name, f"arn:aws:iam::{ACCOUNT}:user/{name}", groups, tags)


def role_facts(name: str, unique_id: str, path: str = "/", **tags: str) -> Facts:
    return Facts(unique_id, "role", name, f"arn:aws:iam::{ACCOUNT}:role{path}{name}", (), tags)


@dataclass
class FakeIam:
    """IAM by name. `away` fails every call; `between` runs between the callers of a listing."""

    by_name: dict[str, Facts] = field(default_factory=dict)
    away: bool = False
    asked: int = 0
    between: Callable[[], None] = lambda: None

    def put(self, facts: Facts) -> None:
        self.by_name[facts.name] = facts

    def facts(self, caller: Caller) -> Facts:
        self.asked += 1
        if self.away:
            raise AwsUnavailable("IAM did not answer")
        found = self.by_name.get(caller.name.partition("/")[0])
        if found is None:
            raise Refused("IAM no longer knows this caller.")
        return found

    def pages(self) -> int:
        return 1

    def callers(self) -> Iterator[Facts]:
        if self.away:
            raise AwsUnavailable("IAM did not answer")
        for facts in list(self.by_name.values()):
            self.between()
            yield facts


@dataclass
class FakeTable:
    """The directory's rows, the suspensions and the roles: as the store of runs and as what requests read."""

    clock: Clock = field(default_factory=Clock)
    rows: dict[str, Facts] = field(default_factory=dict)
    marker: Marker = field(default_factory=Marker)
    suspended: dict[str, Suspension] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    latest: str = ""
    lease_until: datetime | None = None
    writes: int = 0
    reads_of_all: int = 0
    dies_after: int | None = None
    between: Callable[[], None] = lambda: None

    def look(self, caller: Caller, role: str, *, account: str = "") -> Sight:
        against = [self.suspended[one] for one in subjects(caller) if one in self.suspended]
        facts = self.rows.get(iam_id(caller))
        home = self.accounts.get(account)
        return Sight(self.clock(), facts, self.marker, tuple(against), self.roles.get(role), home)

    def begin(self, run: str, now: datetime, until: datetime) -> str:
        if self.lease_until and now <= self.lease_until:
            raise Conflict("another run is under way")
        previous, self.latest, self.lease_until = self.latest, run, until
        return previous

    def known(self) -> dict[str, Facts]:
        self.reads_of_all += 1
        return dict(self.rows)

    def write(self, run: str, todo: Changes) -> None:
        put: list[Callable[[], object]] = [partial(self.rows.__setitem__, facts.unique_id, facts) for facts in todo.put]
        gone: list[Callable[[], object]] = [partial(self.rows.pop, unique_id, None) for unique_id in todo.remove]
        for step in (*put, *gone):
            self.between()
            self._still(run)
            step()

    def finish(self, run: str, seen_at: datetime) -> None:
        self._still(run)
        self.marker, self.lease_until = Marker(seen_at=seen_at), None

    def give_up(self, run: str, failed_at: datetime) -> Marker:
        self._still(run)
        self.marker, self.lease_until = replace(self.marker, failed_at=failed_at), None
        return self.marker

    def suspend(self, caller: Caller, subject: str = "") -> None:
        subject = subject or subjects(caller)[0]
        self.suspended[subject] = Suspension("1", subject, caller.name, "leaked", "rita", self.clock())

    def _still(self, run: str) -> None:
        if self.dies_after == 0:
            raise KeyboardInterrupt
        if self.dies_after is not None:
            self.dies_after -= 1
        if run != self.latest:
            raise Conflict("another run has begun")
        self.writes += 1


def recognition(table: FakeTable, iam: FakeIam, max_age: timedelta = timedelta(minutes=15)) -> Recognition:
    return Recognition(
        sights=table,
        iam=lambda: iam,
        hasty_iam=lambda: iam,
        max_age=max_age,
        pinned={"pinned-ci"},
        reader=lambda: READER,
        clock=table.clock,
    )


def sync(table: FakeTable, iam: FakeIam, ids: Ids) -> DirectorySync:
    """A container of the directory function; `ids` are shared by all of them."""
    return DirectorySync(iam=iam, store=table, clock=table.clock, new_id=ids)
