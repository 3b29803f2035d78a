"""Names and ids as people type them: beginnings of ids, and roles that are nearly right."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from access_broker.failures import Failure, Misused, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from access_broker.connection import Connection

ID_LENGTH = 26
"""A whole id (ULID)."""

LOOKED_AT = 1000
"""Beginnings are looked for among this many of the newest."""

SHOWN = 5


def whole_id(connection: Connection, text: str, kind: str) -> str:
    """The id that begins with `text`, among the newest `sessions` or `requests` that the caller may see.

    What no id begins with is left as it is: the broker says that there is none. Misused where several do.
    """
    if len(text) >= ID_LENGTH:
        return text
    found = [one["id"] for one in connection.broker.items(kind, kind, limit=LOOKED_AT) if one["id"].startswith(text)]
    if len(found) > 1:
        shown = ", ".join(sorted(found)[:SHOWN])
        raise Misused(f"{len(found)} {kind} begin with {text}: write more of the id. They are {shown}{_more(found)}.")
    return found[0] if found else text


def _more(found: list[str]) -> str:
    return " and others" if len(found) > SHOWN else ""


@contextlib.contextmanager
def nearest_role(connection: Connection, role: str) -> Iterator[None]:
    """Add the nearest role to the sentence of a role that is not there."""
    try:
        yield
    except NotFound as missing:
        missing.sentence += _nearest(connection, role)
        raise


def _nearest(connection: Connection, role: str) -> str:
    import difflib  # noqa: PLC0415  only a mistake needs it

    known: list[str] = []
    with contextlib.suppress(Failure):
        known = [one["name"] for one in connection.broker.items("roles", "roles", limit=LOOKED_AT)]
    close = difflib.get_close_matches(role, known, 1, 0.6)
    return f" Did you mean {close[0]}?" if close else " `broker roles` shows yours."
