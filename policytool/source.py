"""Policy files as text: where each policy stands, so that a complaint names its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\n|[^\s;"/]+|.', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy's text and the line its first token stands on."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """What is wrong or odd, where, and what to do. `error` stops a build, `warning` does not."""

    file: str
    line: int
    level: str
    message: str

    def __str__(self) -> str:
        """As compilers write it."""
        return f"{self.file}:{self.line}: {self.level}: {self.message}"


def statements(file: str, text: str) -> list[Statement]:
    """The policies of a file; comments and strings may hold semicolons."""
    found, line, start, begun = [], 1, 0, 0
    for token in TOKEN.finditer(text):
        word = token.group()
        if not begun and not word.isspace() and not word.startswith("//"):
            begun, start = line, token.start()
        line += word.count("\n")
        if word == ";":
            found.append(Statement(file, begun, text[start : token.end()]))
            begun = 0
    if begun:
        found.append(Statement(file, begun, text[start:]))
    return found


def read(folder: Path, pattern: str) -> dict[str, str]:
    """`{file name: text}` of a folder."""
    return {path.name: path.read_text() for path in sorted(folder.glob(pattern))}
