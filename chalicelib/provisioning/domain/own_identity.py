"""A user's own access keys and MFA devices: what there is, and what a change of them takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlencode

from chalicelib.core.domain.errors import BrokerError, MfaRequired, Refused
from chalicelib.core.domain.roles import ROLE_PATH

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.domain.events import Origin
    from chalicelib.provisioning.domain.users import User

MOST_KEYS = 2
"""Access keys of a user (IAM quotas)."""

ACTS_PER_HOUR = 20
"""Changes of one user's keys and devices, but for taking keys back. A rotation counts as one."""

KeyStatus = Literal["Active", "Inactive"]


class TooManyActs(BrokerError):
    """The user changed keys or devices too often within this hour."""

    code = "too_many_requests"


@dataclass(frozen=True, slots=True)
class OwnKey:
    """An access key without its secret."""

    id: str
    status: KeyStatus
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """An MFA device that is enabled. `name` is the end of its serial number."""

    name: str
    serial: str
    enabled_at: datetime


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A virtual device that is not enabled yet: its seed is on the way to its owner, never stored, never logged."""

    name: str
    serial: str
    seed: str = field(repr=False)

    def uri(self, account: str) -> str:
        """The content of its QR code (github.com/google/google-authenticator, "Key URI Format")."""
        label = quote(f"AWS:{self.name}@{account}", safe="")
        return f"otpauth://totp/{label}?{urlencode({'secret': self.seed, 'issuer': 'AWS'})}"


def require_own(user: User | None, origin: Origin, deployment: str) -> User:
    """The caller's own user; Refused unless this deployment made it, by IAM's unique id."""
    own = user is not None and user.unique_id == origin.caller.unique_id
    if user is None or not own or user.path != ROLE_PATH or not user.is_of(deployment):
        raise Refused("Only users that the broker made manage keys and devices here. Yours are managed in IAM.")
    return user


def require_mfa(devices: tuple[OwnDevice, ...], origin: Origin) -> None:
    """MfaRequired where the user has a device: a stolen key must not make more keys, or take the device away."""
    if devices and not origin.mfa:
        raise MfaRequired("You have an MFA device, so changing your keys and devices asks for it.")


def require_room(acts: int) -> None:
    """TooManyActs where this act is one too many within the hour."""
    if acts > ACTS_PER_HOUR:
        raise TooManyActs(f"At most {ACTS_PER_HOUR} changes of keys and devices an hour. Try again later.")
