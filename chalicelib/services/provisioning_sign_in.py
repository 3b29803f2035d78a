"""Console sign-in of users: a password by the account's rules, shown once, changed at first sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.users import password, sign_in_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.provisioning_ports import AccountSettings, UserAdmin
    from chalicelib.domain.users import User
    from chalicelib.services.provisioning_compiler import Deployment

CANNOT_CHANGE = (
    "The account's password policy does not let users change their own password, which the first sign-in asks for. "
    "Allow it there (AllowUsersToChangePassword)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`draw(n)` is an unguessable number below n."""

    deployment: Deployment
    users: UserAdmin
    account: AccountSettings
    draw: Callable[[int], int]

    def give(self, user: User) -> tuple[str, tuple[str, ...]]:
        """Give a password to a user who has none; answers the new one, if it is new, and warnings.

        An existing password stays what it is: it is somebody's by now.
        """
        if user.console_access:
            return "", ()
        policy = self.account.password_policy()
        secret = password(policy, self.draw)
        self.users.give_password(user.name, secret)
        return secret, () if policy.users_may_change else (CANNOT_CHANGE,)

    def url(self) -> str:
        """Where the account's users sign in."""
        return sign_in_url(self.account.alias(), self.deployment.account)
