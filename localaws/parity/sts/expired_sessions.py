"""The key of a session that is over is answered with ExpiredToken, and not as an unknown one.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html ("ExpiredTokenException")

ministack forgets such a session as soon as another one is made. A client that
signs in again after "expired" would then say that the key was deleted.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ministack.services import sts

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

REMEMBERED_SECONDS = 24 * 3600


def evict(_original: Callable[[], None]) -> None:
    """Forget the sessions that are over since a day."""
    before = time.time() - REMEMBERED_SECONDS
    for key in [key for key, session in sts._sessions.items() if _end(session) < before]:
        sts._sessions.pop(key, None)


def _end(session: dict[str, Any]) -> float:
    return float(session.get("Expiration") or "inf")


def install() -> None:
    """Replace what forgets sessions."""
    around(sts, "_evict_expired_sessions", evict)
