"""Roles of all accounts: the broker's own in bulk, those of member accounts through the provision function."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from chalicelib.cleanup.domain.facts import MemberLook, RoleFacts
from chalicelib.core.domain.errors import BrokerError, NotFound
from chalicelib.core.domain.roles import split_role_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from typing import Any, Protocol

    from chalicelib.cleanup.aws.account_roles import IamRoleInventory

    class ProvisionFunction(Protocol):
        """The provision function (core.aws.functions)."""

        def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
            """The result of an order; BrokerError."""
            ...


class RolesOfAccounts:
    """The port RoleInventory. Roles of member accounts are read by name: the given names, and those found there."""

    def __init__(self, home: IamRoleInventory, provisioner: ProvisionFunction, threads: Callable[[], Executor]) -> None:
        self._home, self._provisioner, self._threads = home, provisioner, threads

    def every(self) -> Iterator[RoleFacts]:
        """All roles of the broker's own account."""
        return self._home.every()

    def look(self, name: str) -> RoleFacts | None:
        """One role of any account as it is at this moment, or None."""
        if not split_role_name(name)[0]:
            return self._home.look(name)
        return next(iter(self._facts([name])), None)

    def of_members(self, names: Iterable[str]) -> Iterator[MemberLook]:
        """These roles and those under our boundaries, account by account, several at once.

        An account out of reach does not stop the others.
        """
        found = self._provisioner.order({"action": "find_roles"})["names"]
        accounts = groupby(sorted({*names, *found}), key=lambda name: split_role_name(name)[0])
        with self._threads() as threads:
            yield from threads.map(self._look_at, [(account, list(group)) for account, group in accounts])

    def _look_at(self, of: tuple[str, list[str]]) -> MemberLook:
        account, names = of
        try:
            return MemberLook(account, self._facts(names))
        except NotFound as left:
            return MemberLook(account, why=left.detail, left=True)
        except BrokerError as failure:
            return MemberLook(account, why=failure.detail)

    def _facts(self, names: list[str]) -> tuple[RoleFacts, ...]:
        found = self._provisioner.order({"action": "look_at_roles", "names": names})["roles"]
        return msgspec.convert(found, tuple[RoleFacts, ...])
