"""What a container remembers, for how long, and how often it asks."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier, BrokenBarrierError, Event

import pytest

from chalicelib.access.services.catalogue import CachedCatalogue
from chalicelib.core.services.ttl_cache import ENTRIES_KEPT, LOCKS, TtlCache
from tests.fakes.core import EC2, Clock, FakeCatalogue


def test_a_value_is_read_once_within_its_age_and_again_after() -> None:
    clock, reads = Clock(), count(1)
    memory: TtlCache[int] = TtlCache(clock, 60)
    answers = []
    for seconds in (0, 59, 1, 0):
        clock.pass_seconds(seconds)
        answers.append(memory.get("a", lambda: next(reads)))
    assert answers == [1, 1, 2, 2]


def test_a_value_past_its_age_is_not_used_even_when_reading_again_fails() -> None:
    clock = Clock()
    memory: TtlCache[str] = TtlCache(clock, 60)
    memory.get("a", lambda: "allowed")
    clock.pass_seconds(60)

    def away() -> str:
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            memory.get("a", away)


def test_many_who_ask_at_once_cause_one_read() -> None:
    memory: TtlCache[str] = TtlCache(Clock(), 60)
    together, reads, may_answer = Barrier(8), [], Event()

    def read() -> str:
        reads.append(1)
        may_answer.wait(5)
        return "value"

    def ask() -> str:
        together.wait(5)
        return memory.get("a", read)

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask) for _ in range(8)]
        may_answer.set()
        assert {answer.result() for answer in answers} == {"value"}
    assert len(reads) == 1


def test_what_is_remembered_has_a_bound() -> None:
    memory: TtlCache[int] = TtlCache(Clock(), 60)
    for number in range(ENTRIES_KEPT + 10):
        memory.get(str(number), lambda: 1)
    assert len(memory._values) == ENTRIES_KEPT  # noqa: SLF001  the bound is the point


def test_names_that_somebody_guesses_leave_nothing_behind() -> None:
    memory: TtlCache[int] = TtlCache(Clock(), 60)
    for number in range(1000):
        with pytest.raises(LookupError):
            memory.get(str(number), absent)
    assert memory._values == {}  # noqa: SLF001  the bound is the point
    assert len(memory._reading) == LOCKS  # noqa: SLF001  the same


def absent() -> int:
    raise LookupError


def test_reads_that_fail_come_one_after_the_other_too() -> None:
    memory: TtlCache[int] = TtlCache(Clock(), 60)
    together, two_at_once, alone = Barrier(8), Barrier(2), []

    def read() -> int:
        try:
            two_at_once.wait(0.1)
        except BrokenBarrierError:
            alone.append(1)
        raise LookupError

    def ask() -> None:
        together.wait(5)
        with pytest.raises(LookupError):
            memory.get("a", read)

    with ThreadPoolExecutor(8) as pool:
        for answer in [pool.submit(ask) for _ in range(8)]:
            answer.result()
    assert len(alone) == 8


def test_a_role_that_was_not_there_is_found_as_soon_as_it_is() -> None:
    catalogue = FakeCatalogue({})
    remembered = CachedCatalogue(catalogue, Clock(), 60)
    assert remembered.get("ec2-full") is None
    catalogue.roles["ec2-full"] = EC2
    assert remembered.get("ec2-full") == EC2
    assert remembered.get("ec2-full") == EC2
    assert catalogue.reads == 2
