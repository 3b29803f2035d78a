"""Identifiers: sortable by time, unguessable, safe in every AWS name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NewId = Callable[[datetime], str]
"""Makes an id for an instant."""


CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
ENTROPY_BYTES = 10
ID_LENGTH = 26
FORM = re.compile("[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(at: datetime, entropy: bytes) -> str:
    """A ULID in lower case: 48 bits of Unix milliseconds, 80 bits of `entropy`, 26 characters."""
    if len(entropy) != ENTROPY_BYTES:
        msg = f"entropy must be {ENTROPY_BYTES} bytes"
        raise ValueError(msg)
    return _written(int(at.timestamp() * 1000) << 80 | int.from_bytes(entropy, "big"))


def earliest(at: datetime) -> str:
    """The first id that can be made at `at`: a bound for ranges in time."""
    return new_id(at, bytes(ENTROPY_BYTES))


def before(id_: str) -> str:
    """The id next to `id_` on the earlier side: a bound that leaves `id_` itself out."""
    return _written(max(0, _number(id_) - 1))


def instant(id_: str) -> datetime:
    """When `id_` was made, to the millisecond; ValueError if it is not an id."""
    if not FORM.fullmatch(id_):
        msg = "not an id of ours"
        raise ValueError(msg)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=_number(id_) >> 80)


def _number(id_: str) -> int:
    number = 0
    for character in id_:
        number = number << 5 | CROCKFORD.index(character)
    return number


def _written(number: int) -> str:
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
