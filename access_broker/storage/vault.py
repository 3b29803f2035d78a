"""Credentials kept between commands: in the system's keyring where there is one, else in the owner's own files."""

from __future__ import annotations

import contextlib
import errno
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from access_broker.credentials.role_credentials import RoleCredentials, remembered
from access_broker.storage.credential_stores import (
    Files,
    Keyring,
    KeyringHangs,
    KeyringTrouble,
    system_keyring,
)
from access_broker.storage.files import locked, private_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from access_broker.storage.credential_stores import Place

LONGEST_SESSION_SECONDS = 3600
LOCKLESS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
ENTRIES = ("*.json", "*.keyring", "*.keyring-left")
LOCK_SECONDS = 60.0
"""The longest wait for another process that fetches the same credentials."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Credentials by key, in the first of `places` that takes them."""

    directory: Path
    places: tuple[Place, ...]
    notice: Callable[[str], None]

    def get(self, key: str) -> RoleCredentials | None:
        """The entry, however old; None where there is none or it cannot be read."""
        for place in self.places:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                if text := place.read(key):
                    return remembered(json.loads(text))
        return None

    def put(self, key: str, credentials: RoleCredentials) -> None:
        """Keep them. Not being able to is worth a word, not a failure."""
        with contextlib.suppress(OSError):
            self._forget_ended()
        text, troubles = json.dumps(credentials.kept()), []
        for place in self.places:
            try:
                place.write(key, text)
            except KeyringHangs:
                self.notice("The system's keyring does not answer: the credentials are kept in a file instead.")
            except KeyringTrouble:
                pass  # files are as good as no keyring
            except OSError as error:
                troubles.append(f"{error.filename or self.directory}: {error.strerror or type(error).__name__}")
            else:
                return
        self.notice(f"Could not keep the credentials for next time ({'; '.join(dict.fromkeys(troubles))}).")

    def forget(self, key: str) -> bool:
        """Remove one entry from every place; False where one of them may still have it."""
        gone = True
        for place in self.places:
            try:
                place.remove(key)
            except (OSError, KeyringTrouble):
                gone = False
        return gone

    def clear(self) -> tuple[int, int]:
        """Remove everything; how many entries are gone, and how many may still be somewhere."""
        outcomes = [self.forget(key) for key in {path.stem for path in self._entries()}]
        for left in (
            *self.directory.glob("*.lock"),
            *self.directory.glob("aws-config-*"),
            *self.directory.glob("names-*"),
        ):
            left.unlink(missing_ok=True)
        return outcomes.count(True), outcomes.count(False)

    def forget_where(self, unwanted: Callable[[RoleCredentials], bool]) -> None:
        """Remove the entries that `unwanted` picks."""
        for key in {path.stem for path in self._entries()}:
            kept = self.get(key)
            if kept and unwanted(kept):
                self.forget(key)

    @contextlib.contextmanager
    def fetching(self, key: str) -> Iterator[None]:
        """One process at a time fetches one key. Where nothing can be locked, and after LOCK_SECONDS, all do."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(private_directory(self.directory) / f"{key}.lock", LOCK_SECONDS))
            except OSError as error:
                if error.errno in LOCKLESS:
                    self.notice(
                        f"{self.directory} has no file locks: commands that start at once each ask the broker. "
                        "XDG_CACHE_HOME may name another place."
                    )
            yield

    def _entries(self) -> list[Path]:
        return [path for pattern in ENTRIES for path in self.directory.glob(pattern)]

    def _forget_ended(self) -> None:
        for path in self._entries():
            if time.time() - path.stat().st_mtime > LONGEST_SESSION_SECONDS:
                self.forget(path.stem)


def open_vault(environ: Mapping[str, str], notice: Callable[[str], None]) -> Vault:
    """The vault of this person on this computer."""
    directory = cache_directory(environ)
    return Vault(directory, (Keyring(directory, system_keyring), Files(directory)), notice)


def cache_directory(environ: Mapping[str, str]) -> Path:
    """`access-broker` below XDG_CACHE_HOME (XDG Base Directory Specification)."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "access-broker"
