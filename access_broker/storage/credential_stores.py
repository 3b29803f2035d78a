"""Where a text can be kept under a key: the system's keyring, or files of the owner's own."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from access_broker.storage.files import private_directory, read_private, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keyring.backend import KeyringBackend

SERVICE = "access-broker"


class Place(Protocol):
    """Somewhere a text can be kept under a key."""

    def read(self, key: str) -> str | None:
        """The text, or None."""

    def write(self, key: str, text: str) -> None:
        """Keep it; any exception means it was not kept."""

    def remove(self, key: str) -> None:
        """Forget it; nothing to forget is fine. Any exception means it is still kept."""


@dataclass(frozen=True, slots=True)
class Files:
    """One file per key in a directory of our own."""

    directory: Path

    def read(self, key: str) -> str | None:
        """As Place says; a file others may read counts as none."""
        return read_private(self.directory / f"{key}.json")

    def write(self, key: str, text: str) -> None:
        """As Place says, atomically, mode 0600."""
        private_directory(self.directory)
        replace(self.directory / f"{key}.json", text.encode())

    def remove(self, key: str) -> None:
        """As Place says."""
        (self.directory / f"{key}.json").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The system's keyring. It cannot list what it holds, so an empty file marks each entry.

    `backend` is opened only for an entry that is marked or about to be made:
    looking for keyrings takes time, and some ask their owner to unlock them.
    """

    directory: Path
    backend: Callable[[], KeyringBackend]

    def read(self, key: str) -> str | None:
        """As Place says; a locked or broken keyring has nothing."""
        if not self._mark(key).exists():
            return None
        with contextlib.suppress(Exception):
            return self.backend().get_password(SERVICE, key)
        return None

    def write(self, key: str, text: str) -> None:
        """As Place says."""
        backend = self.backend()
        private_directory(self.directory)
        replace(self._mark(key), b"")
        try:
            backend.set_password(SERVICE, key, text)
        except Exception:
            self._mark(key).unlink(missing_ok=True)
            raise

    def remove(self, key: str) -> None:
        """As Place says. The mark stays as long as the entry may, for another try."""
        if not self._mark(key).exists():
            return
        backend = self.backend()
        if backend.get_password(SERVICE, key) is not None:
            backend.delete_password(SERVICE, key)
        self._mark(key).unlink(missing_ok=True)

    def _mark(self, key: str) -> Path:
        return self.directory / f"{key}.keyring"


def system_keyring() -> KeyringBackend:
    """The system's keyring; NoKeyringError where only stand-ins (fail, null, plain text) are there."""
    import keyring  # noqa: PLC0415  looks for backends on import
    import keyring.errors  # noqa: PLC0415

    backend = keyring.get_keyring()
    if not keyring.core.recommended(backend):
        raise keyring.errors.NoKeyringError
    return backend
