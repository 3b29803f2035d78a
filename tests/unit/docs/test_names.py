"""Commands and files that pages, messages and docstrings name are there."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from access_broker.command_line.catalogue import MODULES, commands_of
from tests.unit.docs.pages import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = ("access_broker", "chalicelib", "lambda_package", "localaws", "policytool")
COMMAND = re.compile(r"(?:^|`|: |\bruns? )broker ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE)
FILE = re.compile(r"(?<![\w/.<-])((?:[a-z_]+/)+[a-z0-9_-]+\.(?:py|md))\b")


@cache
def code() -> dict[Path, str]:
    return {path: path.read_text() for folder in OURS for path in sorted((ROOT / folder).rglob("*.py"))}


def missing_commands(text: str) -> Iterator[str]:
    for word, below in COMMAND.findall(text):
        known = set(commands_of(word)) if word in MODULES else set[str]()
        if word not in known and f"{word} {below}" not in known:
            yield f"{word} {below}".strip()


def missing_files(text: str) -> list[str]:
    """Each may be named from the root or, within a feature, from the middle of its path."""
    return [named for named in FILE.findall(text) if not (ROOT / named).exists() and not _below(named)]


@cache
def _below(named: str) -> bool:
    return any(str(path).endswith(f"/{named}") for path in code())


def test_every_command_that_is_named_exists() -> None:
    texts = {**code(), **{page: page.read_text() for page in pages() if page.name != "CHANGELOG.md"}}
    wrong = {path: [*missing_commands(text)] for path, text in texts.items()}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_every_file_that_the_code_names_exists() -> None:
    wrong = {path: missing_files(text) for path, text in code().items()}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize("named", ["broker users get NAME", "broker usres show", "run broker nothing"])
def test_a_command_that_is_not_there_is_found(named: str) -> None:
    assert [*missing_commands(named)]
    assert [*missing_commands("run broker users show NAME, or `broker roles`")] == []


def test_a_file_that_is_not_there_is_found() -> None:
    assert missing_files("as handlers/gone.py and docs/audit.md say") == ["handlers/gone.py"]
