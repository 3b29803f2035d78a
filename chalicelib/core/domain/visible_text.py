"""Text that people write, such as reasons and comments."""

from __future__ import annotations

import unicodedata

INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Printable by Unicode, and nothing to see: Hangul fillers and the empty braille pattern."""


UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories that could drive a terminal, turn the direction of writing or break a line (Unicode, table 4-4)."""

JOINERS = frozenset("\u200c\u200d")
"""Format characters that scripts and emoji need."""


def visible_text(text: str) -> str:
    """The text without blanks around it; empty if none of it is visible."""
    seen = any(sign.isprintable() and not sign.isspace() and sign not in INVISIBLE for sign in text)
    return text.strip() if seen else ""


def one_line(text: str) -> str:
    """The text on one line, without control and format characters: quoted text must not act on its reader."""
    shown = (sign if sign in JOINERS or unicodedata.category(sign) not in UNSHOWN else " " for sign in text)
    return " ".join("".join(shown).split())
