"""One's own keys, devices and password: users without permissions cannot ask IAM, so the broker acts for them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import BrokerError, Conflict, MfaRequired, NotFound, Refused
from chalicelib.provisioning.domain.own_identity import (
    MOST_KEYS,
    TooManyActs,
    require_mfa,
    require_own,
    require_room,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Protocol

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.services.leases import Leases
    from chalicelib.provisioning.domain.key_marks import KeyMark
    from chalicelib.provisioning.domain.own_identity import KeyStatus, NewDevice, OwnDevice, OwnKey
    from chalicelib.provisioning.domain.users import AccessKey, User
    from chalicelib.provisioning.services.records import ProvisioningRecords
    from chalicelib.provisioning.services.sign_in import ConsoleSignIn
    from chalicelib.provisioning.services.user_keys import KeyMarks

    class OwnCredentials(Protocol):
        """IAM's keys and devices of one user."""

        def keys(self, name: str) -> tuple[OwnKey, ...]:
            """The access keys, oldest first."""
            ...

        def devices(self, name: str) -> tuple[OwnDevice, ...]:
            """The enabled MFA devices."""
            ...

        def make_key(self, name: str) -> AccessKey:
            """CreateAccessKey; Conflict where the user has as many as IAM allows."""
            ...

        def set_key_status(self, name: str, key: str, status: KeyStatus) -> None:
            """UpdateAccessKey."""
            ...

        def delete_key(self, name: str, key: str) -> None:
            """DeleteAccessKey; fine if it is gone."""
            ...

        def make_device(self, name: str) -> NewDevice:
            """CreateVirtualMFADevice under our path; one of this name that was never enabled is replaced."""
            ...

        def enable_device(self, user: str, name: str, codes: tuple[str, str]) -> None:
            """EnableMFADevice; InvalidRequest for codes that do not fit, NotFound for no such device."""
            ...

        def remove_device(self, user: str, serial: str) -> None:
            """DeactivateMFADevice, and DeleteVirtualMFADevice for one under our path."""
            ...

    class ActCounts(Protocol):
        """How often each user changed keys and devices."""

        def count(self, unique_id: str, now: datetime) -> int:
            """Count one more act in this hour; answers how many there are."""
            ...


@dataclass(frozen=True, slots=True)
class OwnView:
    """A user's keys and devices. `managed` says that they may change them here; `marks` are clean-up's, by key."""

    user: User
    keys: tuple[OwnKey, ...]
    devices: tuple[OwnDevice, ...]
    managed: bool
    marks: Mapping[str, KeyMark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnIdentity:
    """Acts for the caller on the caller's own user, and on no other. Every act is on record; secrets are not.

    `sign_in` knows users and passwords, `acts` limits how often, `marks` says what clean-up does to a key.
    """

    sign_in: ConsoleSignIn
    own: OwnCredentials
    acts: ActCounts
    marks: KeyMarks
    records: ProvisioningRecords
    leases: Leases

    def show(self, origin: Origin) -> OwnView:
        """The caller's keys and devices; any IAM user may look at their own."""
        user = self.sign_in.users.read(origin.caller.name)
        if user is None or user.unique_id != origin.caller.unique_id:
            raise NotFound("IAM has no such user any more.")
        try:
            managed = bool(require_own(user, origin, self._deployment))
        except Refused:
            managed = False
        keys = self.own.keys(user.name)
        marks = {key.id: mark for key in keys if managed and (mark := self.marks.get(key.id))}
        return OwnView(user, keys, self.own.devices(user.name), managed, marks)

    def make_key(self, origin: Origin) -> AccessKey:
        """A second key, or the first. It leaves only once it is on record."""
        with self._acting("create_own_key", origin) as user:
            if user.signs_in_only:
                raise Conflict("You sign in with `aws login` and have no access key. An administrator can change that.")
            if len(self.own.keys(user.name)) >= MOST_KEYS:
                raise Conflict("You have two access keys, as many as IAM allows. Delete one: broker keys delete ID")
            made = self.own.make_key(user.name)
            try:
                self._record("create_own_key", user, origin, key=made.access_key_id)
            except BrokerError:
                self.own.delete_key(user.name, made.access_key_id)
                raise
            return made

    def set_key_status(self, key: str, status: KeyStatus, origin: Origin) -> None:
        """Deactivate a key, which never asks for MFA and is never one too many, or activate it again."""
        with self._acting("set_own_key_status", origin, taking_back=status == "Inactive") as user:
            self._require_key(user, key)
            self._record("set_own_key_status", user, origin, key=key, status=status)
            self.own.set_key_status(user.name, key, status)
            self._end_deactivation(key)

    def delete_key(self, key: str, origin: Origin) -> None:
        """Delete a key; that never asks for MFA and is never one too many."""
        with self._acting("delete_own_key", origin, taking_back=True) as user:
            self._require_key(user, key)
            self._record("delete_own_key", user, origin, key=key)
            self.own.delete_key(user.name, key)

    def make_device(self, origin: Origin) -> NewDevice:
        """A virtual device named after the user. It counts once two of its codes were given."""
        with self._acting("create_own_device", origin) as user:
            if any(device.name == user.name for device in self.own.devices(user.name)):
                raise Conflict("You have this device already. Remove it first: broker mfa remove")
            made = self.own.make_device(user.name)
            self._record("create_own_device", user, origin, device=made.serial)
            return made

    def enable_device(self, name: str, codes: tuple[str, str], origin: Origin) -> None:
        """From here on, changing keys and devices asks for MFA."""
        with self._acting("enable_own_device", origin) as user:
            if name != user.name:
                raise NotFound(f"You have no device {name} to enable.")
            self.own.enable_device(user.name, name, codes)
            self._record("enable_own_device", user, origin, device=name)

    def remove_device(self, name: str, origin: Origin) -> None:
        """Remove a device, with its own code or another's."""
        with self._acting("remove_own_device", origin) as user:
            found = [device for device in self.own.devices(user.name) if device.name == name]
            if not found:
                raise NotFound(f"You have no device {name}.")
            self._record("remove_own_device", user, origin, device=found[0].serial)
            self.own.remove_device(user.name, found[0].serial)

    def new_password(self, origin: Origin) -> str:
        """A one-time console password in the place of the present one."""
        with self._acting("renew_own_password", origin) as user:
            if not user.console_access:
                raise Conflict(
                    "You have no console password. An administrator gives one: broker users create --console"
                )
            self._record("renew_own_password", user, origin)
            return self.sign_in.renew(user)

    def reset_mfa(self, name: str, origin: Origin) -> tuple[OwnDevice, ...]:
        """An administrator removes the devices of a user who lost them; the administrator has proven MFA."""
        if not origin.mfa:
            raise self._refused(MfaRequired("Removing the devices of others asks for MFA."), "reset_mfa", name, origin)
        with self.leases.hold(f"user/{name}"):
            user = self.sign_in.users.read(name)
            if user is None or user.name != name or not user.is_of(self._deployment):
                raise NotFound(f"There is no user {name} that the broker made.")
            devices = self.own.devices(name)
            self._record("reset_mfa", user, origin, devices=[device.serial for device in devices])
            for device in devices:
                self.own.remove_device(name, device.serial)
        return devices

    @contextmanager
    def _acting(self, action: str, origin: Origin, *, taking_back: bool = False) -> Iterator[User]:
        """The caller's own user, for one change at a time; refusals are on record.

        Taking a key back is not counted: a thief would use up the count, and the owner could not end the stolen key.
        """
        name = origin.caller.name
        try:
            user = require_own(self.sign_in.users.read(name), origin, self._deployment)
            if not taking_back:
                require_mfa(self.own.devices(user.name), origin)
                require_room(self.acts.count(user.unique_id, self.records.clock()))
        except (Refused, TooManyActs) as refusal:
            raise self._refused(refusal, action, name, origin) from None
        with self.leases.hold(f"user/{user.name}"):
            yield user

    def _end_deactivation(self, key: str) -> None:
        """The owner's word on a key counts: `broker keys restore` activates only what clean-up deactivated."""
        mark = self.marks.get(key)
        if mark and mark.deactivates:
            self.marks.save(mark.entered("alive", self.records.clock()), None)

    def _require_key(self, user: User, key: str) -> None:
        if key not in {one.id for one in self.own.keys(user.name)}:
            raise NotFound(f"You have no access key {key}.")

    def _record(self, action: str, user: User, origin: Origin, **detail: Any) -> None:
        event = self.records.event("provision", origin, {"action": action, "user": user.name, **detail})
        self.records.refusals.journal.record(event)

    def _refused(self, refusal: BrokerError, action: str, name: str, origin: Origin) -> BrokerError:
        return self.records.refusals.record(refusal, origin, subject={"action": action, "user": name})

    @property
    def _deployment(self) -> str:
        return self.sign_in.deployment.name
