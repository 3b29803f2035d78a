"""Asking messages for the things they name, so that a better sentence breaks no test."""

from __future__ import annotations

import re


def naming(*things: str) -> str:
    """A pattern for a message that names each of these, in any words and in any order."""
    return "(?s)" + "".join(rf"(?=.*(?<![\w-]){re.escape(thing)}(?![\w-]))" for thing in things)


def names(message: str, *things: str) -> bool:
    """Whether the message, as text or in JSON, names each of these."""
    return re.match(naming(*things), message.replace(r"\n", "\n")) is not None
