"""Rotating one's own access key, so that a run that is killed anywhere is finished by the next one.

Before anything changes, a note says which keys there were. A key that is there now and was not, and that the
credentials file does not have, is one whose secret was lost: it is deleted. So there is always a key that works.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from access_broker.aws_files.key_writer import key_in, write_key
from access_broker.failures import Failure, NotSignedIn, Refused
from access_broker.storage.files import private_directory, read_private, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from access_broker.connection import Connection

GRACE = timedelta(days=1)
"""The old key stays that long, inactive: `broker keys` brings it back if a program was forgotten."""

TRIES, WAIT_SECONDS = 30, 2.0
"""IAM takes a few seconds until a new key works everywhere."""


@dataclass(slots=True)
class Rotation:
    """One profile's key. `notes` is the folder of the notes."""

    connection: Connection
    file: Path
    profile: str
    notes: Path
    now: bool = False
    wait: Callable[[float], None] = time.sleep
    backup: Path | None = None

    def run(self) -> dict[str, Any]:
        """Go on from wherever the last run stopped, to the end."""
        present = key_in(self.file, self.profile)
        note = self._note()
        if note is None:
            note = {"old": present, "known": sorted(self._keys()), "begun_at": _now()}
            self._keep(note)
        if present == note["old"]:
            self._delete_lost(note)
            self._replace()
        self._try()
        return self._retire(note)

    def _delete_lost(self, note: dict[str, Any]) -> None:
        """A key that an earlier run made, and whose secret is gone."""
        for key in sorted(set(self._keys()) - set(note["known"])):
            self.connection.broker.delete("me", "access-keys", key)

    def _replace(self) -> None:
        made = self.connection.broker.post("me", "access-keys")
        self.backup = write_key(self.file, self.profile, made["access_key_id"], made["secret_access_key"])
        self.connection.sign_in_again()

    def _try(self) -> None:
        """The key in the file works; it waits while IAM does not know it everywhere."""
        for left in reversed(range(TRIES)):
            try:
                self.connection.broker.get("whoami")
            except NotSignedIn:
                if not left:
                    raise
                self.wait(WAIT_SECONDS)
                self.connection.sign_in_again()
            else:
                return

    def _retire(self, note: dict[str, Any]) -> dict[str, Any]:
        old, keys = note["old"], self._keys()
        told = {"profile": self.profile, "key": key_in(self.file, self.profile), "old": old}
        if old in keys and keys[old]["status"] == "Active":
            self.connection.broker.patch("me", "access-keys", old, body={"status": "Inactive"})
        if "inactive_since" not in note:
            note["inactive_since"] = _now()
            self._keep(note)
        due = datetime.fromisoformat(note["inactive_since"]) + GRACE
        if old in keys and not (self.now or datetime.now(UTC) >= due):
            return {**told, "old_status": "Inactive", "old_deleted_after": due.isoformat()}
        if old in keys:
            self.connection.broker.delete("me", "access-keys", old)
        self._path().unlink(missing_ok=True)
        return {**told, "old_status": "Deleted"}

    def _keys(self) -> dict[str, Any]:
        me = self.connection.broker.get("me")
        if not me.get("managed"):
            raise Refused("The broker did not make your user: rotate your key in IAM.")
        return {key["id"]: key for key in me["access_keys"]}

    def _note(self) -> dict[str, Any] | None:
        text = read_private(self._path())
        try:
            found: dict[str, Any] | None = json.loads(text) if text else None
        except ValueError:
            raise Failure(f"{self._path()} is damaged: look at `broker keys`, then remove the file.") from None
        return found

    def _keep(self, note: dict[str, Any]) -> None:
        private_directory(self.notes)
        replace(self._path(), json.dumps(note).encode())

    def _path(self) -> Path:
        return self.notes / f"rotation-{self.profile.replace('/', '_')}.note"


def _now() -> str:
    return datetime.now(UTC).isoformat()
