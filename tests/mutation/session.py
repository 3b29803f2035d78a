"""The tests, collected once; each mutant gets a process of its own, forked from there, and the tests that reach it."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from _pytest.runner import runtestprotocol

from tests.mutation.mutants import Mutant, NotThere, infect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    import pytest

SURVIVED, KILLED, BROKEN, UNTRIED = 0, 1, 2, 3


@dataclass
class Reach:
    """The tests that run each function, by file and qualified name, and how long each test takes."""

    seconds: list[float] = field(default_factory=list)
    tests: dict[str, list[int]] = field(default_factory=dict)

    def of(self, mutant: Mutant, items: Sequence[pytest.Item]) -> list[int]:
        """The tests of a function, quickest first; for a constant those of its whole file, and those that name it."""
        found = self.tests.get(f"{mutant.file}::{mutant.scope}")
        if found is None:
            found = [one for name, each in self.tests.items() if name.startswith(f"{mutant.file}::") for one in each]
            found += [number for number, item in enumerate(items) if hasattr(_module(item), mutant.scope)]
        return sorted(set(found), key=lambda one: self.seconds[one])


@dataclass
class Mutation:
    """A pytest plugin: runs mutants in the place of tests.

    The parent runs no test: a thread pool of a test would be dead in every fork.
    """

    mutants: Sequence[Mutant]
    jobs: int
    tell: Callable[[str], None]
    killed: list[Mutant] = field(default_factory=list)
    survivors: list[Mutant] = field(default_factory=list)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of pytest's own loop."""
        if session.testsfailed:
            return False
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # noqa: SLF001  one for all forks
        reach = self._measured(session.items)
        running: dict[int, Mutant] = {}
        for mutant in self.mutants:
            if len(running) == self.jobs:
                self._settle(running)
            tests = reach.of(mutant, session.items)
            items, limit = [session.items[number] for number in tests], sum(reach.seconds[number] for number in tests)
            running[_fork(lambda m=mutant, i=items: _survives(m, i), limit)] = mutant  # type: ignore[misc]
        while running:
            self._settle(running)
        return True

    def _settle(self, running: dict[int, Mutant]) -> None:
        process, status = os.wait()
        mutant = running.pop(process)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else BROKEN
        if code == UNTRIED:
            self.tell(f"could not be put in: {' '.join(mutant.name)}")
            return
        survived = code == SURVIVED
        (self.survivors if survived else self.killed).append(mutant)
        done = len(self.killed) + len(self.survivors)
        if survived or done % 50 == 0:
            word = f"survived: {' '.join(mutant.name)}" if survived else f"{len(self.killed)} killed"
            self.tell(f"[{done}/{len(self.mutants)}] {word}")

    def _measured(self, items: Sequence[pytest.Item]) -> Reach:
        """What each test runs, found out in a fork; SystemExit where one fails without a mutant."""
        read, write = os.pipe()
        files = {mutant.file for mutant in self.mutants}

        def measure() -> int:
            found = json.dumps(_measure(items, files))
            with os.fdopen(write, "w") as out:
                out.write(found)
            return SURVIVED

        process = _fork(measure)
        os.close(write)
        with os.fdopen(read) as found:
            told = found.read()
        os.waitpid(process, 0)
        document = json.loads(told or '{"failed": ["the tests themselves"]}')
        if document["failed"]:
            raise SystemExit(f"fails without a mutant: {', '.join(document['failed'])}")
        self.tell(f"{len(items)} tests pass without a mutant; {len(self.mutants)} mutants")
        return Reach(document["seconds"], document["tests"])


def _module(item: pytest.Item) -> object:
    return getattr(item, "module", None)


def _fork(work: Callable[[], int], seconds: float | None = None) -> int:
    """The id of a process that does this quietly and ends. It gets twice what its tests need: a mutant may loop."""
    process = os.fork()
    if process:
        return process
    try:
        if seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (round(5 + 2 * seconds),) * 2)
            signal.alarm(round(120 + 20 * seconds))
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        os._exit(work())
    except BaseException:  # noqa: BLE001  a mutant may raise anything
        os._exit(BROKEN)


def _survives(mutant: Mutant, items: Sequence[pytest.Item]) -> int:
    try:
        infect(mutant)
    except NotThere:
        return UNTRIED
    return KILLED if any(_failed(items)) else SURVIVED


def _failed(items: Sequence[pytest.Item]) -> Iterator[bool]:
    for item, following in zip(items, [*items[1:], None], strict=True):
        yield any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _measure(items: Sequence[pytest.Item], files: set[str]) -> dict[str, Any]:
    names = {os.path.abspath(file): file for file in files}  # noqa: PTH100  as in co_filename
    tests: defaultdict[str, list[int]] = defaultdict(list)
    seconds, failed, reached = list[float](), list[str](), set[str]()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and (file := names.get(frame.f_code.co_filename)):
            reached.add(f"{file}::{frame.f_code.co_qualname.partition('.<locals>')[0]}")

    threading.setprofile(note)
    sys.setprofile(note)
    outcomes = _failed(items)
    for number, item in enumerate(items):
        began = time.process_time()
        failed += [item.nodeid] if next(outcomes) else []
        seconds.append(time.process_time() - began)
        for name in reached:
            tests[name].append(number)
        reached.clear()
    sys.setprofile(None)
    return {"tests": tests, "seconds": seconds, "failed": failed}
