"""IAM roles of every account: each is read and changed where it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.core.domain.roles import split_role_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.provisioning.aws.iam_roles import IamRoles
    from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleChange, RoleState


class RolesOfAccounts:
    """The port RoleAdmin. A role of a member account is named `ACCOUNT ID:ROLE` here, and `ROLE` in its IAM."""

    def __init__(self, home: IamRoles, member: Callable[[str], IamRoles]) -> None:
        self._home, self._member = home, member

    def read(self, name: str) -> ProvisionedRole | None:
        """The role of that name with everything that decides what it gives, or None."""
        roles, own = self._of(name)
        found = roles.read(own)
        return replace(found, name=name.removesuffix(own) + found.name) if found else None

    def create(self, name: str, state: RoleState) -> str:
        """CreateRole; the new role's unique id, or "" if the name is taken."""
        roles, own = self._of(name)
        return roles.create(own, state)

    def change(self, name: str, change: RoleChange) -> None:
        """One change, repeatable."""
        roles, own = self._of(name)
        roles.change(own, change)

    def join_instance_profile(self, name: str, profile: str) -> None:
        """AddRoleToInstanceProfile."""
        roles, own = self._of(name)
        roles.join_instance_profile(own, profile)

    def delete(self, role: ProvisionedRole) -> None:
        """Take everything off the role, then DeleteRole."""
        roles, own = self._of(role.name)
        roles.delete(replace(role, name=own))

    def _of(self, name: str) -> tuple[IamRoles, str]:
        account, own = split_role_name(name)
        return (self._member(account) if account else self._home), own
