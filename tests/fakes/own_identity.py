"""One user's own keys and devices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.provisioning.domain.own_identity import NewDevice, OwnDevice, OwnKey
from chalicelib.provisioning.domain.users import AccessKey
from tests.fakes.core import NOW

if TYPE_CHECKING:
    from chalicelib.provisioning.domain.own_identity import KeyStatus

DEVICE = OwnDevice("dana", "arn:aws:iam::1:mfa/access-broker/dana", NOW)


@dataclass
class FakeOwnCredentials:
    """IAM's keys and devices of one user, in memory."""

    held: list[OwnKey] = field(default_factory=lambda: [OwnKey("AKIAOLD", "Active", NOW)])
    enabled: list[OwnDevice] = field(default_factory=list)

    def keys(self, _name: str) -> tuple[OwnKey, ...]:
        return tuple(self.held)

    def devices(self, _name: str) -> tuple[OwnDevice, ...]:
        return tuple(self.enabled)

    def make_key(self, _name: str) -> AccessKey:
        self.held.append(OwnKey("AKIANEW", "Active", NOW))
        return AccessKey("AKIANEW", "secret of the new key")

    def set_key_status(self, _name: str, key: str, status: KeyStatus) -> None:
        self.held = [replace(one, status=status) if one.id == key else one for one in self.held]

    def delete_key(self, _name: str, key: str) -> None:
        self.held = [one for one in self.held if one.id != key]

    def make_device(self, name: str) -> NewDevice:
        return NewDevice(name, DEVICE.serial, "seed of the device")

    def enable_device(self, _user: str, _name: str, _codes: tuple[str, str]) -> None:
        self.enabled.append(DEVICE)

    def remove_device(self, _user: str, serial: str) -> None:
        self.enabled = [one for one in self.enabled if one.serial != serial]
