"""Policy files as they are read: where each policy stands, so that a complaint names its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
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
    """A complaint: its place, what is wrong or odd, and the remedy. `error` stops a build, `warning` does not."""

    file: str
    line: int
    level: str
    message: str

    def __str__(self) -> str:
        """As compilers write it."""
        return f"{self.file}:{self.line}: {self.level}: {self.message}"


class Strict(yaml.SafeLoader):
    """YAML in which no mapping has a key twice, and a date is a text."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """The mapping; a MarkedYAMLError at the second of two keys that are the same."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"the key {key.value} is there twice: keep one of them"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return node


class Texts(Strict):
    """The same with every value as it is written, for templates: `012` and `yes` are texts there."""


DATE, NULL = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:null"


def _resolvers(kept: Callable[[str], bool]) -> dict[str, list[tuple[str, Any]]]:
    """Of YAML's guesses at plain values (a date, a number, yes), those that are kept."""
    usual = yaml.SafeLoader.yaml_implicit_resolvers.items()
    return {letter: [(tag, form) for tag, form in guesses if kept(tag)] for letter, guesses in usual}


Strict.yaml_implicit_resolvers = _resolvers(lambda tag: tag != DATE)
Texts.yaml_implicit_resolvers = _resolvers(lambda tag: tag == NULL)


class BadFile(Exception):
    """A file that cannot be read as what it is: where, and why."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file, self.line, self.message = file, line, message

    @property
    def complaint(self) -> Complaint:
        """The same, among others."""
        return Complaint(self.file, self.line, "error", self.message)


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
    """`{file name: text}` of a folder; BadFile where one is not text."""
    return {path.name: text(path, path.name) for path in sorted(folder.glob(pattern))}


def text(path: Path, name: str) -> str:
    """The text of a file, in UTF-8; `name` is what a complaint calls it."""
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFile(name, line, "not text in UTF-8; save it as that") from error


def document(path: Path, name: str, loader: type[Strict] = Strict) -> Any:
    """The document in a YAML file; BadFile where it is none."""
    said = text(path, name)
    try:
        return yaml.load(said, loader)  # noqa: S506  a kind of SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(name, line, f"not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = said.count("\n", 0, error.position) + 1
        raise BadFile(name, line, f"not YAML: {error.reason}") from error
    except ValueError as error:  # a date such as 2026-02-30
        raise BadFile(name, 1, f"not YAML: {error}") from error
