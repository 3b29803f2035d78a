"""Answers about users and roles as IAM holds them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from chalicelib.contract.answers.forms import Instant  # noqa: TC001  the same
from chalicelib.provisioning.domain.role_state import RoleChange  # noqa: TC001  msgspec reads the annotations

Policy = Annotated[dict[str, Any], msgspec.Meta(description="An IAM policy document")]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An IAM user. `grants` names what gives them permissions; where it is empty, they have zero access, verified.

    `sign_in_only` stands for users who may call nothing but what `aws login` calls.
    """

    name: str
    arn: str
    tags: dict[str, str]
    groups: tuple[str, ...]
    console_access: bool
    access_keys: Annotated[tuple[str, ...], msgspec.Meta(description="Ids of access keys")]
    zero_access: bool | Literal["sign_in_only"]
    grants: tuple[str, ...]
    sign_in_url: str


class DeletedUser(User, frozen=True, kw_only=True):
    """A user who is gone, as they were."""

    roles: Annotated[tuple[str, ...], msgspec.Meta(description="Roles whose `trust.direct_users` name the user still")]


class AccessKey(msgspec.Struct, frozen=True):
    """A new access key: shown here and nowhere again."""

    access_key_id: str
    secret_access_key: str


class KeyCleanup(msgspec.Struct, frozen=True):
    """The stage that clean-up has reached with an access key."""

    stage: Literal["reported", "warned", "deactivated"]
    since: Instant
    next_at: Annotated[
        Instant | None, msgspec.Meta(description="The next stage, at the earliest; null if there is none or it is off")
    ]


class OwnKey(msgspec.Struct, frozen=True):
    """An access key of the caller, without its secret."""

    id: str
    status: Literal["Active", "Inactive"]
    created_at: Instant
    last_used_at: Instant | None
    cleanup: KeyCleanup | None


class OwnDevice(msgspec.Struct, frozen=True):
    """An MFA device that is enabled."""

    name: str
    serial: str
    enabled_at: Instant


class Me(msgspec.Struct, frozen=True):
    """The caller's keys and devices. `managed` says that the caller may change them here."""

    arn: str
    access_keys: tuple[OwnKey, ...]
    mfa_devices: tuple[OwnDevice, ...]
    console_access: bool
    mfa_proven: bool
    managed: bool


class ChangedKey(msgspec.Struct, frozen=True):
    """A key after its change."""

    id: str
    status: Literal["Active", "Inactive", "Deleted"]


class NewDevice(msgspec.Struct, frozen=True):
    """A device that two of its codes will enable. Seed and URI are shown here and nowhere again."""

    name: str
    serial: str
    seed: Annotated[str, msgspec.Meta(description="Base32")]
    uri: Annotated[str, msgspec.Meta(description="otpauth://, the content of a QR code")]


class NamedDevice(msgspec.Struct, frozen=True):
    """A device that was enabled or removed."""

    name: str


class NewPassword(msgspec.Struct, frozen=True):
    """A one-time console password: shown here and nowhere again."""

    password: str
    password_reset_required: Literal[True]


class ResetMfa(msgspec.Struct, frozen=True):
    """A user without MFA devices, and those that were removed."""

    name: str
    removed: tuple[OwnDevice, ...]


class RestoredKeys(msgspec.Struct, frozen=True):
    """The access keys of a user that clean-up had deactivated, and that are active again."""

    name: str
    restored: Annotated[tuple[str, ...], msgspec.Meta(description="Ids of access keys; empty if there was nothing")]


class MadeUser(User, frozen=True, kw_only=True):
    """A user just put. Secrets are there only in the answer to the call that made them."""

    created: bool
    warnings: tuple[str, ...]
    password: str | msgspec.UnsetType = msgspec.UNSET
    password_reset_required: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    access_key: AccessKey | msgspec.UnsetType = msgspec.UNSET


class ProvisionedRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role as the catalogue lists it."""

    name: str
    arn: str
    description: str
    max_session_seconds: int
    tags: dict[str, str]
    direct_users: tuple[str, ...]
    switch_role_url: str | None


class AppliedRole(ProvisionedRole, frozen=True, kw_only=True):
    """A role and what changed, or in a dry run would change."""

    not_switchable_because: str | None
    warnings: tuple[str, ...]
    changes: tuple[RoleChange, ...]


class RestoredRole(ProvisionedRole, frozen=True, kw_only=True):
    """A role that is back, and what is not."""

    changes: tuple[RoleChange, ...]
    cannot_come_back: tuple[str, ...]


class ExportedState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decided what the role gave and to whom."""

    description: str
    max_session_seconds: int
    trust: Policy
    boundary_arn: str
    managed_policies: tuple[str, ...]
    inline_policies: dict[str, Policy]
    tags: dict[str, str]


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted role, whole: `restore` brings it back from this."""

    format: Literal[1]
    name: str
    arn: str
    unique_id: str
    exported_at: Instant
    state: ExportedState
    instance_profiles: tuple[str, ...]
    direct_users: tuple[str, ...]


class DeletedRole(msgspec.Struct, frozen=True):
    """A role that is gone, and its export."""

    name: str
    export: Export
