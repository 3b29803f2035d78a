"""Rows as CSV that a spreadsheet opens without running any of it."""

from __future__ import annotations

import csv
import io
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Spreadsheets take a cell that begins so for a formula (OWASP, "CSV Injection"); the last four are full-width."""


def harmless(value: object) -> object:
    """The value; a text that could be a formula gets an apostrophe before it."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV file (RFC 4180), without their ends."""
    for row in chain([columns], rows):
        line = io.StringIO()
        csv.writer(line).writerow([harmless(value) for value in row])
        yield line.getvalue().removesuffix("\r\n")
