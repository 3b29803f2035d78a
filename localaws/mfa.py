"""The devices of the people of the embedded account: `.local/mfa.json`, and the code that a device shows now."""

from __future__ import annotations

import fcntl
import json
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from localaws import totp
from localaws.failures import NoSuchDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

FILE = "mfa.json"
SHOWN = "mfa-shown.json"
"""The last time step of each profile whose code was shown."""
OWNER_ONLY = 0o600
OLD_STEPS = (-3, -2)
"""Enabling takes two codes that follow each other. These are old enough to leave the present one unused."""


@dataclass(frozen=True, slots=True)
class Device:
    """A virtual MFA device."""

    serial: str
    seed: str = field(repr=False)
    """In base32."""


def enable(iam: Any, user: str) -> Device:
    """Make a device and enable it for the user."""
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
    device = Device(made["SerialNumber"], made["Base32StringSeed"].decode())
    now = totp.counter(time.time())
    first, second = (totp.code(device.seed, now + steps) for steps in OLD_STEPS)
    iam.enable_mfa_device(
        UserName=user, SerialNumber=device.serial, AuthenticationCode1=first, AuthenticationCode2=second
    )
    return device


def write(directory: Path, devices: dict[str, Device]) -> None:
    """Keep the devices by profile, readable by their owner only."""
    _write(directory / FILE, {profile: asdict(device) for profile, device in devices.items()})


def device_of(directory: Path, profile: str) -> Device:
    """The device of a profile. Raises NoSuchDevice."""
    try:
        return Device(**json.loads((directory / FILE).read_text())[profile])
    except (FileNotFoundError, KeyError) as error:
        raise NoSuchDevice(profile) from error


def code(
    directory: Path,
    profile: str,
    *,
    now: Callable[[], float] = time.time,
    wait: Callable[[float], object] = time.sleep,
) -> str:
    """The present code of a profile's device. AWS takes each code once: after one was shown, wait for the next."""
    device = device_of(directory, profile)
    with (directory / SHOWN).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        shown = _shown(file)
        while (at := totp.counter(now())) <= shown.get(profile, 0):
            wait((at + 1) * totp.STEP_SECONDS - now())
        file.truncate(0)
        file.write(json.dumps(shown | {profile: at}))
    return totp.code(device.seed, at)


def _shown(file: Any) -> dict[str, int]:
    file.seek(0)
    found: dict[str, int] = json.loads(file.read() or "{}")
    return found


def _write(path: Path, content: Iterable[Any]) -> None:
    path.touch(mode=OWNER_ONLY)
    path.chmod(OWNER_ONLY)
    path.write_text(json.dumps(content, indent=2) + "\n")
