"""Sections and options of an AWS config file, found in its bytes.

A parser that writes the file back would lose comments, order and line ends, so this one only finds the lines that
count (AWS SDKs and Tools Reference Guide, "Format of the config and credentials files").
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import pairwise

HEADER = re.compile(rb"\s*\[([^\]\r\n]+)\]")
OPTION = re.compile(rb"([A-Za-z0-9_.-]+)[ \t]*[=:][ \t]*([^\r\n]*?)[ \t]*(\r?\n|\r|$)")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Section:
    """Lines `start` to `end` of the file, counted from 0; the first is the header."""

    start: int
    end: int


def sections(lines: list[bytes]) -> list[Section]:
    """Every section, in the order of the file."""
    starts = [number for number, line in enumerate(lines) if HEADER.match(line)]
    return [Section(start, end) for start, end in pairwise([*starts, len(lines)])]


def header_words(header: bytes) -> list[str]:
    """`[profile "a b"]` as its words; none for a line that is not a readable header."""
    match = HEADER.match(header)
    try:
        return shlex.split(match[1].decode()) if match else []
    except ValueError:  # an open quote, or not UTF-8
        return []


def profile_of_config(header: bytes) -> str | None:
    """The profile that a header of the config file opens; None for sso-session, services and unreadable headers."""
    words = header_words(header)
    if words == ["default"]:
        return "default"
    return words[1] if len(words) == 2 and words[0] == "profile" else None  # noqa: PLR2004  `profile NAME`


def profile_of_credentials(header: bytes) -> str | None:
    """The same for the credentials file, which has no `profile` before the name; some SDKs read it all the same."""
    return profile_of_config(header) or " ".join(header_words(header)) or None


def options(inside: list[bytes]) -> dict[str, str]:
    """The options of one section, names in lower case; lines that belong to an option are not among them."""
    found = (OPTION.match(line) for line in inside[1:])
    return {option[1].decode().lower(): option[2].decode(errors="replace") for option in found if option}
