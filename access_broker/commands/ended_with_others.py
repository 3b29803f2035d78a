"""Sessions that ended because a role's deny list had no room for another one alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from access_broker.output.times import local_and_utc
from access_broker.storage.vault import open_vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def widened_words(widened: Iterable[dict[str, Any]] | None) -> Iterator[str]:
    """Sentences for the person who revokes: the sessions that ended beyond those asked for, and the next step."""
    for one in widened or ():
        of = f" of {one['source_identity']}" if one["source_identity"] else ""
        yield (
            f"The deny list of {one['role']} had no room for single sessions: all sessions{of} on it that were issued "
            f"before {local_and_utc(one['before'])} ended too. Their people take new credentials with "
            f"broker creds {one['role']} --fresh"
        )


def told_to_renew(sessions: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Sentences for the person whose session ended with another one, and would still last; its kept copy is dropped."""
    now = datetime.now(UTC)
    ended = [one for one in sessions if one.get("revoked_because") and datetime.fromisoformat(one["expires_at"]) > now]
    forget({one["id"] for one in ended})
    for one in ended:
        command = f"broker creds {one['role']} --fresh"
        yield f"Session {one['id']} on {one['role']} was ended: {one['revoked_because']} {command}"


def forget(sessions: set[str]) -> None:
    """Drop kept credentials that AWS refuses now."""
    if sessions:
        open_vault(os.environ, lambda _text: None).forget_where(lambda kept: kept.session in sessions)
