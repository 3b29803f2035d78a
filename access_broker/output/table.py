"""Tables for people: aligned, within the terminal's width, and nothing that must be copied is ever cut or split."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from access_broker.output.width import columns_of, cut, filled, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Item = TypeVar("Item")

GAP = 2
SHORTEST_ELASTIC = 12
SHORTEST_WRAPPED = 40
SHORTEST_ID = 12
"""The first ten characters of an id are its time (ULID): shorter beginnings say little."""

STYLES = {
    "active": "32", "approved": "32", "standing": "32", "open": "32", "allowed": "32",
    "pending": "33", "approval": "33", "approvals": "33",
    "revoked": "31", "denied": "31", "failed": "31", "closed": "31", "none": "31",
    "expired": "2", "cancelled": "2", "ended": "2",
}  # fmt: skip
"""SGR codes by the first word of a state."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Where room is short, text is cut and then columns go.

    `elastic` text may be cut, or goes on below with `wraps`. Columns with `leaves` go, the highest first.
    """

    name: str
    elastic: bool = False
    wraps: bool = False
    leaves: int = 0
    identifier: bool = False
    state: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows of the same length."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def widths(self) -> list[int]:
        """The columns that each takes as it is."""
        cells = zip(*self.rows, strict=True) if self.rows else ([] for _ in self.columns)
        return [
            max([columns_of(column.name), *(columns_of(line) for text in cell for line in text.split("\n"))])
            for column, cell in zip(self.columns, cells, strict=True)
        ]

    def total(self) -> int:
        """The columns that a line takes."""
        return sum(self.widths()) + GAP * (len(self.columns) - 1)

    def without(self, place: int) -> Table:
        """The same without one column."""
        return Table(_without(self.columns, place), tuple(_without(row, place) for row in self.rows))

    def changed(self, place: int, change: Callable[[str], str]) -> Table:
        """The same with the cells of one column changed."""
        return replace(self, rows=tuple((*r[:place], change(r[place]), *r[place + 1 :]) for r in self.rows))


def _without(items: tuple[Item, ...], place: int) -> tuple[Item, ...]:
    return (*items[:place], *items[place + 1 :])


def fitted(table: Table, width: int) -> tuple[Table, list[str]]:
    """The table in `width` columns, and the names of the columns that had to go."""
    table = _empty_columns_gone(table)
    gone: list[str] = []
    if table.total() > width:
        table = _short_ids(table)
    while _short_texts(table, width).total() > width and (place := _next_to_go(table)) is not None:
        gone.append(table.columns[place].name)
        table = table.without(place)
    return _short_texts(table, width), gone


def lines(table: Table, *, colour: bool) -> list[str]:
    """The header and the rows, padded."""
    widths = table.widths()
    header = _joined([filled(column.name, width) for column, width in zip(table.columns, widths, strict=True)])
    painted = f"\x1b[1m{header}\x1b[0m" if colour else header
    return [painted, *(line for row in table.rows for line in _row(table, row, widths, colour=colour))]


def shortest_beginnings(ids: Sequence[str]) -> dict[str, str]:
    """Each id's shortest beginning that no other one has, of SHORTEST_ID characters at least."""
    short: dict[str, str] = {}
    for one in ids:
        others = [other for other in ids if other != one]
        length = SHORTEST_ID
        while length < len(one) and any(other.startswith(one[:length]) for other in others):
            length += 1
        short[one] = one[:length]
    return short


def _empty_columns_gone(table: Table) -> Table:
    for place in reversed(range(len(table.columns))):
        if table.columns[place].leaves and not any(row[place] for row in table.rows):
            table = table.without(place)
    return table


def _short_ids(table: Table) -> Table:
    for place, column in enumerate(table.columns):
        if column.identifier:
            short = shortest_beginnings([row[place] for row in table.rows])
            table = table.changed(place, lambda cell, short=short: short[cell])  # type: ignore[misc]
    return table


def _short_texts(table: Table, width: int) -> Table:
    """Cut elastic columns, the last one first."""
    for place in reversed(range(len(table.columns))):
        over = table.total() - width
        if table.columns[place].elastic and over > 0:
            least = SHORTEST_WRAPPED if table.columns[place].wraps else SHORTEST_ELASTIC
            room = max(table.widths()[place] - over, least)
            shorten = wrapped if table.columns[place].wraps else cut
            table = table.changed(place, lambda cell, room=room, shorten=shorten: shorten(cell, room))  # type: ignore[misc]
    return table


def _next_to_go(table: Table) -> int | None:
    places = [place for place, column in enumerate(table.columns) if column.leaves]
    return max(places, key=lambda place: table.columns[place].leaves, default=None)


def _row(table: Table, row: tuple[str, ...], widths: list[int], *, colour: bool) -> list[str]:
    """One line, or several where a text was wrapped."""
    parts = [cell.split("\n") for cell in row]
    return [
        _joined(
            _cell(column, part[number] if number < len(part) else "", width, colour=colour)
            for column, part, width in zip(table.columns, parts, widths, strict=True)
        )
        for number in range(max(map(len, parts)))
    ]


def _cell(column: Column, text: str, width: int, *, colour: bool) -> str:
    code = _style(text) if column.state and colour else None
    return f"\x1b[{code}m{filled(text, width)}\x1b[0m" if code else filled(text, width)


def _style(state: str) -> str | None:
    """By the first word that has one: `2 approvals, granted` is yellow."""
    words = re.findall(r"[a-z]+", state)
    return next((STYLES[word] for word in words if word in STYLES), None)


def _joined(cells: Iterable[str]) -> str:
    return (" " * GAP).join(cells).rstrip()
