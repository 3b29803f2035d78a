"""What a command prints: JSON for programs, tables for people, progress on stderr only."""

from __future__ import annotations

import contextlib
import json
import sys
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console


@dataclass(frozen=True)
class Output:
    """Where a command's words go. With `as_json`, stdout carries one JSON document and nothing else."""

    as_json: bool = False

    def show(self, document: object, for_people: Callable[[], None]) -> None:
        """The document itself for programs, `for_people` otherwise."""
        if self.as_json:
            print(json.dumps(document, indent=2))
        else:
            for_people()

    def line(self, text: str) -> None:
        """One line for people, on stdout."""
        print(printable(text))

    def facts(self, facts: Iterable[tuple[str, object]]) -> None:
        """Names and values, those without a value left out."""
        present = [(name, str(value)) for name, value in facts if value not in (None, "", [], {})]
        width = max((len(name) for name, _ in present), default=0)
        for name, value in present:
            self.line(f"{name:<{width}}  {value}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
        """A table on a terminal, tab-separated lines anywhere else."""
        if not rows:
            self.notice(empty)
        elif sys.stdout.isatty():
            self._rich_table(columns, rows)
        else:
            print("\n".join("\t".join(printable(str(cell)) for cell in row) for row in (columns, *rows)))

    def notice(self, text: str) -> None:
        """A word on how it goes, on stderr."""
        print(printable(text), file=sys.stderr)

    @contextlib.contextmanager
    def working(self, text: str) -> Iterator[Callable[[str], None]]:
        """A moving line on a terminal's stderr while work goes on; yields a way to change its words."""
        if not sys.stderr.isatty():
            self.notice(text)
            yield lambda _text: None
            return
        from rich.markup import escape  # noqa: PLC0415  the fast path of credential_process never needs rich

        with self._stderr.status(escape(printable(text))) as status:
            yield lambda words: status.update(escape(printable(words)))

    @cached_property
    def _stderr(self) -> Console:
        from rich.console import Console  # noqa: PLC0415  as above

        return Console(stderr=True)

    def _rich_table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        from rich.console import Console  # noqa: PLC0415  as above
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(str(cell))) for cell in row))
        Console().print(table)


UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that drive a terminal, turn the direction of writing or break a line."""


def printable(text: str) -> str:
    """Without control characters: what others wrote (reasons, comments) must not drive this terminal."""
    return "".join(" " if unicodedata.category(letter) in UNSHOWN else letter for letter in text)
