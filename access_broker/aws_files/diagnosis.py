"""The fault of an AWS config file that no AWS tool can read: its line, and what to do."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

from access_broker.aws_files.sections import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from pathlib import Path


def fault(path: Path) -> str | None:
    """A sentence with the file and the line; None where the file can be read, or is not there."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return fault_in(content, str(path))


def fault_in(content: bytes, name: str) -> str | None:
    """The same of bytes that were read already."""
    if content.startswith(BYTE_ORDER_MARK):
        return f"{name} begins with a byte order mark, which AWS tools cannot read: save it as UTF-8 without one."
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{name}, line {line} is not UTF-8: mend that line."
    return _unparsable(text, name)


def _unparsable(text: str, name: str) -> str | None:
    """As botocore parses it (configparser.RawConfigParser, strict)."""
    try:
        configparser.RawConfigParser(default_section="").read_string(text)
    except configparser.DuplicateSectionError as error:
        lines = _lines_of(text, f"[{error.section}]")
        return f"{name} has [{error.section}] more than once, at lines {lines}: keep one of them."
    except configparser.DuplicateOptionError as error:
        return f"{name}, line {error.lineno}: [{error.section}] has {error.option} more than once: keep one of them."
    except configparser.MissingSectionHeaderError as error:
        return f"{name}, line {error.lineno} stands before any [section]: remove it or move it."
    except configparser.ParsingError as error:
        return f"{name}, line {error.errors[0][0]} cannot be read: write `option = value`."
    return None


def _lines_of(text: str, header: str) -> str:
    found = [number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(header)]
    return " and ".join(map(str, found))
