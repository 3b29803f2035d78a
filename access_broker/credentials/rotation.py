"""Rotating one's own access key, so that a run that is killed anywhere is finished by the next one.

Before anything changes, a note says which keys there were. A later run finds a key that was not there then, that the
credentials file does not have, and that was never used: its secret was lost, and it is deleted. So there is always a
key that works. What another computer makes at the same time is not lost, and stays.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from access_broker.aws_files.key_writer import keep_backup, key_in, write_key
from access_broker.failures import Failure, Misused, NotSignedIn, Refused
from access_broker.storage.files import private_directory, read_private, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from access_broker.connection import Connection

GRACE = timedelta(days=1)
"""The old key stays that long, inactive: `broker keys` brings it back if a program was forgotten."""

UNWRITABLE = (
    "{0} cannot be written ({1}): your key is as it was. Make room, or make its folder writable, and try again."
)

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
        self._sign_with(present)
        note = self._note()
        if note is None:
            note = {"old": present, "known": sorted(self._keys()), "begun_at": _now()}
            self._keep(note)
        elif present == note["old"]:
            self._delete_lost(note)
        if present == note["old"]:
            self._replace(present)
        self._try()
        return self._retire(note)

    def _sign_with(self, present: str) -> None:
        """Other credentials may come before the file: their user's key would be written into this profile."""
        signing = self.connection.broker.signer.credentials.access_key
        if signing != present:
            raise Misused(
                f"Requests are signed with {signing}, not with {present} of profile {self.profile} in {self.file}: "
                "unset AWS_ACCESS_KEY_ID, or give the profile with --profile."
            )

    def _delete_lost(self, note: dict[str, Any]) -> None:
        """A key that an earlier run made, and whose secret is gone. One that was used is in another place."""
        for key, known in sorted(self._keys().items()):
            if key not in note["known"] and not known["last_used_at"]:
                self.connection.broker.delete("me", "access-keys", key)

    def _replace(self, present: str) -> None:
        try:
            self.backup = keep_backup(self.file)
        except OSError as error:
            raise Failure(UNWRITABLE.format(self.file, error.strerror)) from error
        made = self.connection.broker.post("me", "access-keys")
        try:
            write_key(self.file, present, made["access_key_id"], made["secret_access_key"])
        except OSError as error:
            self.connection.broker.delete("me", "access-keys", made["access_key_id"])
            raise Failure(UNWRITABLE.format(self.file, error.strerror)) from error
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
        """Two credentials files may have a profile of the same name."""
        place = hashlib.sha256(f"{self.file.resolve()}\0{self.profile}".encode()).hexdigest()[:24]
        return self.notes / f"rotation-{place}.note"


def _now() -> str:
    return datetime.now(UTC).isoformat()
