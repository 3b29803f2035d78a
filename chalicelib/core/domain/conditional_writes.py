"""Writing on condition that no other writer came first: read, change, write, and from the start where one did."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from chalicelib.core.domain.errors import Conflict, Contended

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.domain.errors import BrokerError

Result = TypeVar("Result")


def write_conditionally(
    prepare: Callable[[], tuple[Result, Callable[[], None] | None]],
    *,
    pause: Callable[[int], None],
    tries: int,
    exhausted: BrokerError,
    again: tuple[type[BrokerError], ...] = (Conflict, Contended),
) -> Result:
    """The result of the first attempt that is written; `exhausted` after `tries` of them.

    `prepare` reads what is there and answers the result with the write that
    makes it so, or with None where there is nothing to write. Only errors of
    the write are tried again, not those of `prepare`. `pause` gets the number
    of the attempt, from 0.
    """
    for attempt in range(tries):
        result, write = prepare()
        if write is None:
            return result
        try:
            write()
        except again:
            pause(attempt)
        else:
            return result
    raise exhausted
