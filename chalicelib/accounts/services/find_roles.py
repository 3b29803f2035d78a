"""Finding the brokered roles of member accounts, those included that the catalogue does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from typing import Protocol

    from chalicelib.accounts.services.browse import Accounts

    class RolesThere(Protocol):
        """The brokered roles of an account."""

        def names(self, account: str) -> Sequence[str]:
            """Their names; BrokerError if the account does not let the broker in, or does not let it list them."""
            ...


@dataclass(frozen=True, slots=True)
class FoundRoles:
    """Roles as `ACCOUNT ID:ROLE`, and the accounts that were not seen."""

    names: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFinder:
    """Looks at every joined account, several at once by `threads`."""

    accounts: Accounts
    roles: RolesThere
    threads: Callable[[], Executor]

    def find(self) -> FoundRoles:
        """Every brokered role. An account that cannot be read does not stop the others."""
        joined = [one.id for one in self.accounts.every() if one.state == "joined"]
        with self.threads() as threads:
            found = dict(zip(joined, threads.map(self._names, joined), strict=True))
        names = tuple(f"{account}:{name}" for account, names in found.items() for name in names or ())
        return FoundRoles(names, tuple(account for account, names in found.items() if names is None))

    def _names(self, account: str) -> Sequence[str] | None:
        try:
            return self.roles.names(account)
        except BrokerError:
            return None
