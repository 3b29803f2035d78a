"""Any interleaving of runs, changes in IAM, suspensions and requests: no decision rests on a false fact.

A fact is false where it is older than stated, another caller's, or a deleted
namesake's. The world keeps the history of IAM and holds every answer to it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from chalicelib.access.domain.facts import FRESH, FactsChanged, Suspended
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import AwsUnavailable, Conflict, Refused
from tests.fakes.core import Ids
from tests.fakes.directory import ACCOUNT, FakeIam, FakeTable, recognition, sync, user_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.access.services.recognition import Recognized

NAMES = st.sampled_from(["alice", "bob"])
SECONDS = st.sampled_from([1, 20, 61, 130, 400, 1000])
MAX_AGE = timedelta(minutes=15)
CONTAINERS = st.sampled_from([0, 1])


class World(RuleBasedStateMachine):
    """Two containers of each function, two names, and everybody who ever had them."""

    def __init__(self) -> None:
        super().__init__()
        self.iam, self.table, ids = FakeIam(), FakeTable(), Ids()
        self.runs = [sync(self.table, self.iam, ids) for _ in range(2)]
        self.readers = [recognition(self.table, self.iam, MAX_AGE) for _ in range(2)]
        self.made = 0
        self.everybody: list[Caller] = []
        self.history: list[tuple[datetime, dict[str, tuple[str, ...]]]] = []
        self.todo: list[Callable[[], None]] = []
        self.iam.between = self.table.between = self.next_interruption
        self.put("alice")

    def put(self, name: str) -> None:
        """Make somebody, or somebody else of the same name; groups tell who they are and at which change."""
        self.made += 1
        unique_id = f"AIDA{self.made}"
        self.iam.put(user_facts(name, unique_id, f"{unique_id}-0"))
        self.everybody.append(Caller("user", name, f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT, unique_id))
        self.remember()

    def remember(self) -> None:
        self.history.append((self.table.clock(), {one.unique_id: one.groups for one in self.iam.by_name.values()}))

    def next_interruption(self) -> None:
        if self.todo:
            self.todo.pop(0)()

    def true_since(self, unique_id: str, as_of: datetime) -> set[tuple[str, ...]]:
        """The groups that the caller had at any time from `as_of` on."""
        before = [groups for at, groups in self.history if at < as_of][-1:]
        since = [groups for at, groups in self.history if at >= as_of]
        return {groups[unique_id] for groups in (*before, *since) if unique_id in groups}

    def hold(self, caller: Caller, found: Recognized) -> None:
        now = self.table.clock()
        assert found.caller.unique_id == caller.unique_id
        assert caller.unique_id not in self.table.suspended
        assert found.caller.groups in self.true_since(caller.unique_id, found.as_of)
        assert now - found.as_of <= (MAX_AGE if found.stale else FRESH)

    @rule(name=NAMES)
    def make(self, name: str) -> None:
        self.put(name)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.iam.by_name.pop(name, None)
        self.remember()

    @rule(name=NAMES)
    def regroup(self, name: str) -> None:
        if name in self.iam.by_name:
            self.made += 1
            was = self.iam.by_name[name]
            self.iam.put(user_facts(name, was.unique_id, f"{was.unique_id}-{self.made}"))
            self.remember()

    @rule(away=st.booleans())
    def outage(self, away: bool) -> None:  # noqa: FBT001  hypothesis passes it by name
        self.iam.away = away

    @rule(seconds=SECONDS)
    def wait(self, seconds: int) -> None:
        self.table.clock.pass_seconds(seconds)

    @rule(who=st.integers(0, 9), suspended=st.booleans())
    def suspend(self, who: int, suspended: bool) -> None:  # noqa: FBT001  the same
        caller = self.everybody[who % len(self.everybody)]
        self.table.suspended.pop(caller.unique_id, None)
        if suspended:
            self.table.suspend(caller)

    @rule(container=CONTAINERS, dies_after=st.one_of(st.none(), st.integers(0, 3)))
    def run(self, container: int, dies_after: int | None) -> None:
        self.table.dies_after = dies_after
        with suppress(Conflict, AwsUnavailable, KeyboardInterrupt):
            self.runs[container].run()
        self.table.dies_after = None
        self.todo.clear()

    @rule(name=NAMES, seconds=SECONDS, container=CONTAINERS, reader=CONTAINERS, who=st.integers(0, 9))
    def interrupt_the_next_run(self, name: str, seconds: int, container: int, reader: int, who: int) -> None:
        """In the middle of it: a change in IAM, time, another run, a request."""
        self.todo += [
            lambda: self.regroup(name),
            lambda: self.wait(seconds),
            lambda: self.ask(reader, who),
            lambda: self.overtake(1 - container),
            lambda: self.put(name),
        ]

    def overtake(self, container: int) -> None:
        with suppress(Conflict, AwsUnavailable):
            self.runs[container].run()

    @rule(reader=CONTAINERS, who=st.integers(0, 9))
    def ask(self, reader: int, who: int) -> None:
        caller = self.everybody[who % len(self.everybody)]
        with suppress(Refused, AwsUnavailable):
            self.hold(caller, self.readers[reader].recognize(caller))

    @rule(reader=CONTAINERS, who=st.integers(0, 9), suspended=st.booleans())
    def ask_with_a_guess(self, reader: int, who: int, suspended: bool) -> None:  # noqa: FBT001  the same
        """A decision is prepared on the guess; it counts only if it is confirmed."""
        caller = self.everybody[who % len(self.everybody)]
        if suspended:
            self.table.suspend(caller)
        with suppress(Suspended, Refused, AwsUnavailable, FactsChanged):
            guessed, confirm = self.readers[reader].guess(caller, "")
            confirmed = confirm()
            assert (guessed.caller, guessed.stale) == (confirmed.caller, confirmed.stale)
            assert guessed.as_of <= confirmed.as_of
            self.hold(caller, confirmed)


World.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestNoFalseFacts = World.TestCase
