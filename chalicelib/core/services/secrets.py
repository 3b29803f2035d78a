"""Secrets, kept for some minutes, so that they can be rotated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.services.ttl_cache import TtlCache

if TYPE_CHECKING:
    from typing import Protocol

    from chalicelib.core.domain.times import Clock

    class Secrets(Protocol):
        """The store of secrets."""

        def get(self, name: str) -> str:
            """The secret of that name; "" where none is stored."""
            ...


KEPT_SECONDS = 300


class CachedSecrets:
    """Secrets, at most five minutes old. Values are never logged, nor part of a repr."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets = secrets
        self._kept: TtlCache[str] = TtlCache(clock, KEPT_SECONDS)

    def get(self, name: str) -> str:
        """As the port says."""
        return self._kept.get(name, lambda: self._secrets.get(name))
