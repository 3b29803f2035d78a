"""What provisioning needs of IAM and of the table. Adapters live in chalicelib.aws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chalicelib.domain.events import AuditEvent
    from chalicelib.domain.provisioning import Change, ProvisionedRole, RoleState
    from chalicelib.domain.roles import Role
    from chalicelib.domain.users import AccessKey, GivenPolicy, Group, HandedOut, PasswordPolicy, User

    Pause = Callable[[float], None]
    """Waits about that many seconds: wiring adds the jitter, tests do not wait."""


class RoleAdmin(Protocol):
    """IAM's roles. Every write may be repeated: what is done already stays done."""

    def read(self, name: str) -> ProvisionedRole | None:
        """The role of that name in any letter case, wherever its path, or None."""
        ...

    def create(self, name: str, state: RoleState) -> str:
        """CreateRole under our path, with trust, boundary and tags in the same call.

        Answers the new role's unique id, or "" if somebody has the name already.
        """
        ...

    def change(self, name: str, change: Change) -> None:
        """Make one change; RefusedByAws or AwsUnavailable with AWS's code."""
        ...

    def join_instance_profile(self, name: str, profile: str) -> None:
        """AddRoleToInstanceProfile; fine if it is in there already, RefusedByAws if another role is."""
        ...

    def delete(self, role: ProvisionedRole) -> None:
        """Take everything off the role, what only denies last, then DeleteRole."""
        ...


class PolicyLibrary(Protocol):
    """Managed policies."""

    def document(self, arn: str) -> Mapping[str, Any] | None:
        """The default version's document, or None where there is no such policy."""
        ...


class UserAdmin(Protocol):
    """IAM's users. Writes may be repeated."""

    def read(self, name: str) -> User | None:
        """The user of that name in any letter case, wherever its path, or None."""
        ...

    def existing(self, name: str) -> User:
        """The user who is known to be there, once IAM shows them; AwsUnavailable if it does not in time."""
        ...

    def policies(self, user: User) -> tuple[GivenPolicy, ...]:
        """Inline, attached and inherited policies with their documents."""
        ...

    def group(self, name: str) -> Group:
        """The group with its policies; NotFound if there is none of that name."""
        ...

    def create(self, name: str, tags: Mapping[str, str]) -> User:
        """CreateUser under our path; RefusedByAws if somebody has the name already."""
        ...

    def set_tags(self, user: User, tags: Mapping[str, str]) -> None:
        """Make these the user's tags, no others."""
        ...

    def set_groups(self, user: User, groups: tuple[str, ...]) -> None:
        """Make these the user's groups, no others."""
        ...

    def give_password(self, name: str, password: str) -> None:
        """CreateLoginProfile; to be changed at first sign-in."""
        ...

    def take_password(self, name: str) -> None:
        """DeleteLoginProfile; fine if there is none."""
        ...

    def give_access_key(self, name: str) -> AccessKey:
        """CreateAccessKey."""
        ...

    def take_keys(self, user: User, keep: tuple[str, ...] = ()) -> None:
        """Delete the user's access keys but those in `keep`."""
        ...

    def delete(self, user: User) -> None:
        """Take everything off the user, then DeleteUser."""
        ...


class AccountSettings(Protocol):
    """What the account decides for all its users."""

    def alias(self) -> str:
        """The account alias, or an empty string."""
        ...

    def password_policy(self) -> PasswordPolicy:
        """The account's own, or IAM's default."""
        ...


class ProvisionLog(Protocol):
    """Catalogue rows, user rows and exports. Each write carries its audit event (the row is the outbox)."""

    def role(self, name: str) -> Role | None:
        """The catalogue's row, read consistently."""
        ...

    def record_role(self, role: Role, event: AuditEvent) -> None:
        """Write the catalogue row; AuditUnavailable unless it is durable."""
        ...

    def record_user(self, user: User, event: AuditEvent, token: str, made: HandedOut) -> None:
        """Write the user's row with what the call made and its token; AuditUnavailable unless it is durable."""
        ...

    def user_id(self, name: str) -> str:
        """The unique id in the user's row, read consistently, or ""."""
        ...

    def handed_out(self, name: str, token: str, since: datetime) -> HandedOut:
        """What the user's latest change made, if it was asked for with this token since then; otherwise nothing."""
        ...

    def forget_user(self, name: str, event: AuditEvent) -> None:
        """Remove the user's row and tell of it, both or neither."""
        ...

    def export(self, name: str) -> Mapping[str, Any] | None:
        """The latest export of a role, read consistently."""
        ...

    def forget_role(self, name: str, export: Mapping[str, Any], event: AuditEvent) -> None:
        """Remove the catalogue row and keep the export with the event, both or neither."""
        ...


class LeaseStore(Protocol):
    """One holder per thing at a time."""

    def take(self, thing: str, holder: str, now: datetime, until: datetime) -> bool:
        """Whether `holder` has it until then: it was free, its own already, or the lease had run out."""
        ...

    def extend(self, thing: str, holder: str, until: datetime) -> bool:
        """Whether it is still the holder's, now until then."""
        ...

    def release(self, thing: str, holder: str) -> None:
        """Give it up; nothing happens if somebody else has it by now."""
        ...


class Provisioner(Protocol):
    """The provision function, seen from the API."""

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The result of an order; its error raised again as what it was on the other side."""
        ...
