"""What people write: reasons and comments."""

from __future__ import annotations

INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Printable by Unicode, and nothing to see: Hangul fillers and the empty braille pattern."""


def visible_text(text: str) -> str:
    """The text without blanks around it; empty where nobody could see any of it."""
    seen = any(sign.isprintable() and not sign.isspace() and sign not in INVISIBLE for sign in text)
    return text.strip() if seen else ""
