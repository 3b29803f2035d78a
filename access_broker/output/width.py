"""The columns that text takes on a terminal: wide letters take two, combining ones none."""

from __future__ import annotations

import unicodedata


def columns_of(text: str) -> int:
    """The columns of a whole text."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def cut(text: str, columns: int) -> str:
    """The text in so many columns, with `…` at the end where something is left out."""
    if columns_of(text) <= columns:
        return text
    kept, left = [], columns - 1
    for letter in text:
        left -= _columns(letter)
        if left < 0:
            break
        kept.append(letter)
    return "".join(kept).rstrip() + "…"


def wrapped(text: str, columns: int) -> str:
    """The text in lines of so many columns, broken at spaces; a longer word stays whole."""
    lines: list[str] = []
    for word in text.split():
        if lines and columns_of(lines[-1]) + 1 + columns_of(word) <= columns:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def filled(text: str, columns: int) -> str:
    """The text with spaces up to so many columns."""
    return text + " " * (columns - columns_of(text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
