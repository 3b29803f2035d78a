"""Access keys of users that the broker made, for clean-up and administrators: seen, deactivated, restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import Conflict, NotFound
from chalicelib.core.domain.roles import ROLE_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Protocol

    from chalicelib.core.domain.events import AuditEvent, Origin
    from chalicelib.core.services.leases import Leases
    from chalicelib.provisioning.domain.key_marks import KeyMark
    from chalicelib.provisioning.domain.own_identity import OwnKey
    from chalicelib.provisioning.domain.users import User
    from chalicelib.provisioning.services.own_identity import OwnCredentials
    from chalicelib.provisioning.services.records import ProvisioningRecords
    from chalicelib.provisioning.services.sign_in import UserAdmin

    class KeyMarks(Protocol):
        """How far clean-up got with each key."""

        def get(self, key: str) -> KeyMark | None:
            """The mark of a key, read consistently, or None."""
            ...

        def save(self, mark: KeyMark, event: AuditEvent | None) -> None:
            """Write the mark over the version before it; Conflict if another writer was faster."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKeys:
    """Touches no key of a user that this deployment did not make, and deletes none."""

    deployment: str
    users: UserAdmin
    own: OwnCredentials
    marks: KeyMarks
    records: ProvisioningRecords
    leases: Leases

    def look(self, names: Iterable[str]) -> tuple[tuple[User, OwnKey], ...]:
        """The keys of these users as IAM has them now; nothing of users who are gone or not ours."""
        found = (self.users.read(name) for name in names)
        ours = [user for user in found if user and self._ours(user)]
        return tuple((user, key) for user in ours for key in self.own.keys(user.name))

    def deactivate(self, name: str, key: str, unused_since: datetime | None, origin: Origin) -> bool:
        """Record, then UpdateAccessKey; False if the key is inactive. Conflict if it was used after `unused_since`.

        IAM is asked for the last use here, while no other change of the user can run.
        """
        with self.leases.hold(f"user/{name}") as lease:
            found = self._key(name, key)
            if found.status == "Inactive":
                return False
            if unused_since and found.last_used_at and found.last_used_at > unused_since:
                raise Conflict(f"The access key {key} was used meanwhile, so it is left alone.")
            self._record("deactivate_key", name, origin, key=key)
            lease.extend()
            self.own.set_key_status(name, key, "Inactive")
        return True

    def activate(self, name: str, key: str, origin: Origin) -> None:
        """Undo a deactivation for clean-up, which then writes the mark itself."""
        with self.leases.hold(f"user/{name}"):
            mark = self.marks.get(self._key(name, key).id)
            if not mark or not mark.deactivates:
                raise Conflict(f"Clean-up did not deactivate the access key {key}, so it is left alone.")
            self._activate(name, key, origin)

    def restore(self, name: str, origin: Origin) -> tuple[str, ...]:
        """Activate what clean-up deactivated; answers the ids. A repetition finds nothing.

        A key that its owner made inactive stays so. The mark tells the two apart, and gives the key a fresh period.
        """
        with self.leases.hold(f"user/{name}"):
            held = self.own.keys(self._existing(name).name)
            marks = [(key, self.marks.get(key.id)) for key in held]
            found = [(key, mark) for key, mark in marks if mark and _is_off(key, mark)]
            for key, mark in found:
                self._activate(name, key.id, origin)
                self.marks.save(mark.entered("alive", self.records.clock()), None)
        return tuple(key.id for key, _ in found)

    def _activate(self, name: str, key: str, origin: Origin) -> None:
        """Also a key that IAM shows as active: it may still show the state before the deactivation."""
        self._record("restore_key", name, origin, key=key)
        self.own.set_key_status(name, key, "Active")

    def _key(self, name: str, key: str) -> OwnKey:
        found = {one.id: one for one in self.own.keys(self._existing(name).name)}
        if key not in found:
            raise NotFound(f"{name} has no access key {key}.")
        return found[key]

    def _existing(self, name: str) -> User:
        user = self.users.read(name)
        if user is None or user.name != name or not self._ours(user):
            raise NotFound(f"There is no user {name} that the broker made.")
        return user

    def _ours(self, user: User) -> bool:
        return user.path == ROLE_PATH and user.is_of(self.deployment)

    def _record(self, action: str, name: str, origin: Origin, **detail: Any) -> None:
        event = self.records.event("provision", origin, {"action": action, "user": name, **detail})
        self.records.refusals.journal.record(event)


def _is_off(key: OwnKey, mark: KeyMark) -> bool:
    """True if clean-up made the key inactive. An active key whose deactivation is only begun is left to clean-up."""
    return mark.deactivates and (key.status == "Inactive" or mark.stage == "deactivated")
