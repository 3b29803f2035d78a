"""The loop around writes that hold only while no other writer comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AuditUnavailable, AwsUnavailable, BrokerError, Conflict, Contended

if TYPE_CHECKING:
    from collections.abc import Callable

EXHAUSTED = AwsUnavailable("too many")


class Row:
    """A number that other writers change `races` times before they leave it alone."""

    def __init__(self, races: int, race: BrokerError) -> None:
        self.value, self.races, self.race = 0, races, race
        self.pauses: list[int] = []

    def add_one(self, **options: object) -> int:
        return write_conditionally(
            self.prepare, pause=self.pauses.append, tries=3, exhausted=EXHAUSTED, **options  # type: ignore[arg-type]
        )  # fmt: skip

    def prepare(self) -> tuple[int, Callable[[], None]]:
        read = self.value
        return read + 1, lambda: self.write(read)

    def write(self, read: int) -> None:
        if self.races:
            self.races -= 1
            self.value += 10
            raise self.race
        assert read == self.value
        self.value = read + 1


@pytest.mark.parametrize("race", [Conflict("changed"), Contended("changing")])
def test_a_write_that_came_second_reads_again_and_builds_on_the_first(race: BrokerError) -> None:
    row = Row(2, race)
    assert row.add_one() == row.value == 21
    assert row.pauses == [0, 1]


def test_after_the_last_attempt_the_error_of_the_caller_is_raised() -> None:
    row = Row(3, Conflict("changed"))
    with pytest.raises(AwsUnavailable) as raised:
        row.add_one()
    assert raised.value is EXHAUSTED


@pytest.mark.parametrize("failure", [AuditUnavailable("away"), Conflict("final")])
def test_other_failures_of_the_write_are_not_tried_again(failure: BrokerError) -> None:
    row = Row(1, failure)
    with pytest.raises(type(failure)):
        row.add_one(again=(Contended,))
    assert row.pauses == []


def test_a_conflict_that_preparing_finds_is_final() -> None:
    pauses: list[int] = []

    def prepare() -> tuple[int, Callable[[], None]]:
        raise Conflict("the request is closed")

    with pytest.raises(Conflict):
        write_conditionally(prepare, pause=pauses.append, tries=3, exhausted=EXHAUSTED)
    assert pauses == []


def test_nothing_to_write_is_an_answer() -> None:
    assert write_conditionally(lambda: ("as it is", None), pause=lambda _: None, tries=1, exhausted=EXHAUSTED)
