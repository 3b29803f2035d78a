"""Printing: JSON for programs, tables for people, progress on stderr only."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from access_broker.output.table import Column


@dataclass(frozen=True)
class Output:
    """The words of one command. With `as_json`, stdout carries one JSON document and nothing else."""

    as_json: bool = False

    def show(self, document: object, for_people: Callable[[], None]) -> None:
        """The document itself for programs, `for_people` otherwise."""
        if self.as_json:
            import json  # noqa: PLC0415  the fast path of credential_process prints without this method

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

    def prose(self, text: str) -> None:
        """A long text that is read and not copied: on a terminal, its lines break between words."""
        if not sys.stdout.isatty():
            self.line(text)
            return
        import shutil  # noqa: PLC0415  as above

        from access_broker.output.width import wrapped  # noqa: PLC0415  as above

        print(wrapped(printable(text), shutil.get_terminal_size().columns))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[object]], empty: str) -> None:
        """A table on a terminal, tab-separated lines anywhere else."""
        cells = [tuple(printable(str(cell)) for cell in row) for row in rows]
        if not rows:
            self.notice(empty)
        elif sys.stdout.isatty():
            self._fitted(columns, cells)
        else:
            print("\n".join("\t".join(row) for row in (tuple(column.name for column in columns), *cells)))

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
        from access_broker.output.progress import moving  # noqa: PLC0415  only a terminal needs it

        words = [printable(text)]
        with moving(lambda: words[0]):
            yield lambda changed: words.__setitem__(0, printable(changed))

    @contextlib.contextmanager
    def patience(self, text: str) -> Iterator[None]:
        """The same for what is over in a moment mostly: silent for its first second, and off a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        from access_broker.output.progress import PATIENCE_SECONDS, moving  # noqa: PLC0415  as above

        with moving(lambda: text, PATIENCE_SECONDS):
            yield

    def _fitted(self, columns: Sequence[Column], rows: list[tuple[str, ...]]) -> None:
        import shutil  # noqa: PLC0415  as above

        from access_broker.output.table import Table, fitted, lines  # noqa: PLC0415  as above

        table, gone = fitted(Table(tuple(columns), tuple(rows)), shutil.get_terminal_size().columns)
        print("\n".join(lines(table, colour=colourful())))
        if gone:
            self.notice(f"Not shown: {', '.join(gone)}. A wider terminal or --json has them.")


def colourful() -> bool:
    """True if stdout may be coloured (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that drive a terminal, turn the direction of writing or break a line."""


def printable(text: str) -> str:
    """Without control characters: what others wrote (reasons, comments) must not drive this terminal."""
    if text.isascii() and text.isprintable():
        return text
    import unicodedata  # noqa: PLC0415  ASCII does without

    return "".join(" " if unicodedata.category(letter) in UNSHOWN else letter for letter in text)
