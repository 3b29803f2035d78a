"""Console sign-in of users: a password by the account's rules, shown once, changed at first sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.provisioning.domain.users import password, sign_in_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from chalicelib.provisioning.domain.users import AccessKey, GivenPolicy, Group, PasswordPolicy, User
    from chalicelib.provisioning.services.compile import Deployment

    class UserAdmin(Protocol):
        """IAM's users. Writes may be repeated."""

        def read(self, name: str) -> User | None:
            """The user of that name in any letter case, wherever its path, or None."""
            ...

        def existing(self, name: str) -> User:
            """The user who is known to be there, once IAM shows them; AwsUnavailable if it does not in time."""
            ...

        def tagged(self, key: str, value: str) -> tuple[str, ...]:
            """The names of all users with this tag, whatever the letter case of its key."""
            ...

        def policies(self, user: User) -> tuple[GivenPolicy, ...]:
            """Inline, attached and inherited policies with their documents."""
            ...

        def group(self, name: str) -> Group:
            """The group with its policies; NotFound if there is none of that name."""
            ...

        def create(self, name: str, tags: Mapping[str, str]) -> User:
            """CreateUser under our path; RefusedByAws if the name is taken."""
            ...

        def set_tags(self, user: User, tags: Mapping[str, str]) -> None:
            """Make these the user's tags, no others."""
            ...

        def set_groups(self, user: User, groups: tuple[str, ...]) -> None:
            """Make these the user's groups, no others."""
            ...

        def allow_sign_in(self, name: str) -> None:
            """Attach the policy of users who may only sign in; AWS takes it for no others."""
            ...

        def forbid_sign_in(self, name: str) -> None:
            """Detach it; fine if it is not attached."""
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
        """The account's settings for all its users."""

        def alias(self) -> str:
            """The account alias, or an empty string."""
            ...

        def password_policy(self) -> PasswordPolicy:
            """The account's own, or IAM's default."""
            ...


CANNOT_CHANGE = (
    "The account's password policy does not let users change their own password, which the first sign-in asks for. "
    "Allow it there (AllowUsersToChangePassword)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSignIn:
    """`draw(n)` is an unguessable number below n."""

    deployment: Deployment
    users: UserAdmin
    account: AccountSettings
    draw: Callable[[int], int]

    def give(self, user: User) -> tuple[str, tuple[str, ...]]:
        """Give a password to a user who has none; answers the new one, if it is new, and warnings.

        An existing password stays: its user may have changed it.
        """
        if user.console_access:
            return "", ()
        policy = self.account.password_policy()
        secret = password(policy, self.draw)
        self.users.give_password(user.name, secret)
        return secret, () if policy.users_may_change else (CANNOT_CHANGE,)

    def renew(self, user: User) -> str:
        """A new one-time password for a user who has one."""
        secret = password(self.account.password_policy(), self.draw)
        self.users.take_password(user.name)
        self.users.give_password(user.name, secret)
        return secret

    def url(self) -> str:
        """The page where the account's users sign in."""
        return sign_in_url(self.account.alias(), self.deployment.account, self.deployment.partition)
