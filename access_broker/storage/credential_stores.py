"""Places that keep a text under a key: the system's keyring, or files of the owner's own."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from access_broker.storage.files import private_directory, read_private, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEYRING_SECONDS = 4.0
"""A keyring that takes longer hangs, or waits for a password that a person may not be there to type."""


class KeyringTrouble(Exception):
    """The keyring did not do it; the message says why in a word or two."""


class KeyringHangs(KeyringTrouble):
    """It did not answer in KEYRING_SECONDS."""


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

    `ask` runs only for an entry that is marked or about to be made: looking for
    keyrings takes time, and some ask their owner to unlock them. An entry of a
    keyring that hung is marked as `left`: nothing waits for it again but
    `broker logout`.
    """

    directory: Path
    ask: Callable[[str, str, str], str | None]

    def read(self, key: str) -> str | None:
        """As Place says; a locked or broken keyring has nothing."""
        if not self._mark(key).exists():
            return None
        try:
            return self.ask("get", key, "")
        except KeyringHangs:
            self._leave(key)
        except KeyringTrouble:
            pass
        return None

    def write(self, key: str, text: str) -> None:
        """As Place says."""
        private_directory(self.directory)
        replace(self._mark(key), b"")
        try:
            self.ask("set", key, text)
        except KeyringHangs:
            self._leave(key)
            raise
        except BaseException:
            self._mark(key).unlink(missing_ok=True)
            raise

    def remove(self, key: str) -> None:
        """As Place says. The mark stays as long as the entry may, for another try."""
        marks = [mark for mark in (self._mark(key), self._left(key)) if mark.exists()]
        if not marks:
            return
        self.ask("delete", key, "")
        for mark in marks:
            mark.unlink(missing_ok=True)

    def _leave(self, key: str) -> None:
        with contextlib.suppress(OSError):
            self._mark(key).replace(self._left(key))

    def _mark(self, key: str) -> Path:
        return self.directory / f"{key}.keyring"

    def _left(self, key: str) -> Path:
        return self.directory / f"{key}.keyring-left"


def system_keyring(verb: str, key: str, text: str) -> str | None:
    """Ask the keyring in a process of its own; KeyringTrouble where it does not do it in time."""
    if verb != "delete" and not _may_have_one(os.environ):
        raise KeyringTrouble("no keyring")
    import json  # noqa: PLC0415  most commands never come here
    import subprocess  # noqa: PLC0415

    command = [sys.executable, "-m", "access_broker.storage.keyring_process", verb, key]
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=KEYRING_SECONDS, check=False)
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise KeyringHangs("no answer") from error
    except (OSError, ValueError) as error:
        raise KeyringTrouble("no keyring") from error
    if "error" in answer:
        raise KeyringTrouble(answer["error"])
    found = answer["text"]
    return None if found is None else str(found)


def _may_have_one(environ: Mapping[str, str]) -> bool:
    """True if there may be a keyring. On Linux keyrings are behind D-Bus, or configured by name."""
    if sys.platform in {"win32", "darwin"}:
        return True
    if environ.get("PYTHON_KEYRING_BACKEND") or environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return True
    settings = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "python_keyring" / "keyringrc.cfg"
    runtime = environ.get("XDG_RUNTIME_DIR")
    return settings.exists() or bool(runtime and (Path(runtime) / "bus").exists())
