"""IAM as provisioning sees it: it records, and fails or dies where told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import NotFound, RefusedByAws
from chalicelib.core.domain.roles import ROLE_PATH
from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleChange, RoleState, removal_order
from chalicelib.provisioning.domain.users import AccessKey, GivenPolicy, Group, PasswordPolicy, User

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "123456789012"
SIGN_IN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"],
            "Resource": "arn:aws:signin:*:*:oauth2/public-client/*",
        }
    ],
}


class Killed(BaseException):
    """The function's process ends here: nothing below catches it."""


@dataclass
class Interruptions:
    """What happens at the n-th write, counted from 1."""

    at: dict[int, BaseException | Callable[[], None]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def write(self, what: str) -> None:
        self.writes.append(what)
        happening = self.at.get(len(self.writes))
        if isinstance(happening, BaseException):
            raise happening
        if happening:
            happening()


@dataclass
class FakeRoles:
    """IAM's roles. `stale` reads answer what was there before the latest write."""

    happens: Interruptions = field(default_factory=Interruptions)
    held: dict[str, ProvisionedRole] = field(default_factory=dict)
    stale: int = 0
    before: dict[str, ProvisionedRole] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))
    profiles: dict[str, str] = field(default_factory=dict)
    gone_profiles: set[str] = field(default_factory=set)

    def read(self, name: str) -> ProvisionedRole | None:
        if self.stale:
            self.stale -= 1
            return self.before.get(name)
        found = self.held.get(name)
        profiles = tuple(sorted(profile for profile, role in self.profiles.items() if role == name))
        return found and replace(found, instance_profiles=profiles)

    def create(self, name: str, state: RoleState) -> str:
        self._remember(f"create {name}")
        if name.lower() in map(str.lower, self.held):
            return ""
        arn = f"arn:aws:iam::{ACCOUNT}:role{ROLE_PATH}{name}"
        bare = replace(state, managed_policies=(), inline_policies={})
        self.held[name] = ProvisionedRole(name, arn, ROLE_PATH, f"AROA{next(self.numbers)}", bare)
        return self.held[name].unique_id

    def change(self, name: str, change: RoleChange) -> None:
        self._remember(f"{change.attribute} {change.item}".strip())
        role = self.held[name]
        self.held[name] = replace(role, state=changed(role.state, change))

    def join_instance_profile(self, name: str, profile: str) -> None:
        if profile in self.gone_profiles:
            raise RefusedByAws("AWS refused putting the role into its instance profile.", "NoSuchEntity")
        self._remember(f"join {profile}")
        if self.profiles.setdefault(profile, name) != name:
            raise RefusedByAws("AWS refused: another role is in it.", "LimitExceeded")

    def delete(self, role: ProvisionedRole) -> None:
        for profile in role.instance_profiles:
            self._remember(f"leave {profile}")
            self.profiles.pop(profile, None)
        for arn in role.state.managed_policies:
            self.change(role.name, RoleChange("managed_policy", arn, "attached", None))
        for name in removal_order(role.state.inline_policies):
            self.change(role.name, RoleChange("inline_policy", name, {}, None))
        self._remember(f"delete {role.name}")
        if role.name in self.profiles.values():
            raise RefusedByAws("AWS refused: it is in an instance profile.", "DeleteConflict")
        self.held.pop(role.name, None)

    def _remember(self, what: str) -> None:
        self.before = dict(self.held)
        self.happens.write(what)


def changed(state: RoleState, change: RoleChange) -> RoleState:
    """The state after a change, as IAM makes it."""
    if change.attribute == "managed_policy":
        kept = set(state.managed_policies) - {change.item} | ({change.item} if change.after else set())
        return replace(state, managed_policies=tuple(sorted(kept)))
    if change.attribute in {"inline_policy", "tag"}:
        name = "inline_policies" if change.attribute == "inline_policy" else "tags"
        held: dict[str, Any] = {key: value for key, value in getattr(state, name).items() if key != change.item}
        whole: dict[str, Any] = {name: held if change.after is None else {**held, change.item: change.after}}
        return replace(state, **whole)
    return replace(state, **{change.attribute: change.after})


@dataclass
class FakeUsers:
    """IAM's users."""

    happens: Interruptions = field(default_factory=Interruptions)
    held: dict[str, User] = field(default_factory=dict)
    groups: dict[str, tuple[GivenPolicy, ...]] = field(default_factory=dict)
    group_paths: dict[str, str] = field(default_factory=dict)
    own: dict[str, tuple[GivenPolicy, ...]] = field(default_factory=dict)
    passwords: list[str] = field(default_factory=list)
    sign_in: tuple[GivenPolicy, ...] = (GivenPolicy("attached policy sign-in-only", SIGN_IN),)
    signing_in: set[str] = field(default_factory=set)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def read(self, name: str) -> User | None:
        return self.held.get(name)

    def existing(self, name: str) -> User:
        return self.held[name]

    def tagged(self, key: str, value: str) -> tuple[str, ...]:
        return tuple(name for name, user in self.held.items() if user.tags.get(key) == value)

    def policies(self, user: User) -> tuple[GivenPolicy, ...]:
        sign_in = self.sign_in if user.name in self.signing_in else ()
        return sign_in + self.own.get(user.name, ()) + tuple(one for group in user.groups for one in self.groups[group])

    def group(self, name: str) -> Group:
        if name not in self.groups:
            raise NotFound(f"There is no group {name}.")
        return Group(name, self.group_paths.get(name, ROLE_PATH), self.groups[name])

    def create(self, name: str, tags: Mapping[str, str]) -> User:
        self.happens.write(f"create {name}")
        if name.lower() in map(str.lower, self.held):
            raise RefusedByAws("AWS refused creating the user (EntityAlreadyExists).", "EntityAlreadyExists")
        arn = f"arn:aws:iam::{ACCOUNT}:user{ROLE_PATH}{name}"
        self.held[name] = User(name, arn, ROLE_PATH, f"AIDA{next(self.numbers)}", dict(tags))
        return self.held[name]

    def set_tags(self, user: User, tags: Mapping[str, str]) -> None:
        if dict(user.tags) != dict(tags):
            self._set(user, "tags", tags=dict(tags))

    def set_groups(self, user: User, groups: tuple[str, ...]) -> None:
        if set(user.groups) != set(groups):
            self._set(user, "groups", groups=tuple(sorted(groups)))

    def allow_sign_in(self, name: str) -> None:
        if not self.held[name].signs_in_only:
            raise RefusedByAws("AWS refused: not for this user.", "AccessDenied")
        self.happens.write(f"sign-in {name}")
        self.signing_in.add(name)

    def forbid_sign_in(self, name: str) -> None:
        if name in self.signing_in:
            self.happens.write(f"no sign-in {name}")
            self.signing_in.remove(name)

    def give_password(self, name: str, password: str) -> None:
        self._set(self.held[name], "password", console_access=True)
        self.passwords.append(password)

    def take_password(self, name: str) -> None:
        self._set(self.held[name], "no password", console_access=False)

    def give_access_key(self, name: str) -> AccessKey:
        key = AccessKey(f"AKIA{next(self.numbers)}", "s3cret-key")
        user = self.held[name]
        self._set(user, "key", access_keys=(*user.access_keys, key.access_key_id))
        return key

    def take_keys(self, user: User, keep: tuple[str, ...] = ()) -> None:
        if set(user.access_keys) - set(keep):
            self._set(user, "no key", access_keys=keep)

    def delete(self, user: User) -> None:
        self.happens.write(f"delete {user.name}")
        self.signing_in.discard(user.name)
        self.held.pop(user.name, None)

    def _set(self, user: User, what: str, **values: Any) -> None:
        self.happens.write(f"{what} {user.name}")
        self.held[user.name] = replace(self.held[user.name], **values)


@dataclass
class FakePolicies:
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def document(self, arn: str) -> Mapping[str, Any] | None:
        return self.documents.get(arn)


@dataclass
class FakeAccountSettings:
    policy: PasswordPolicy = field(default_factory=lambda: PasswordPolicy(users_may_change=True))

    def alias(self) -> str:
        return "acme"

    def password_policy(self) -> PasswordPolicy:
        return self.policy
