"""Looking at every member account for `broker doctor`. Nothing is changed, the registry included."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.accounts.domain.deployed import Examined, at_fault
from chalicelib.core.domain.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from typing import Protocol

    from chalicelib.accounts.domain.deployed import Deployed, Documents
    from chalicelib.accounts.services.browse import Accounts
    from chalicelib.core.domain.roles import Account

    class DeployedReader(Protocol):
        """Boundaries and guards, in the hub and in an account."""

        def here(self) -> Documents:
            """The hub's."""
            ...

        def there(self, account: str) -> Deployed:
            """The account's, by a new session of its spoke role; BrokerError where it does not let us in."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExaminer:
    """Accounts that left and the broker's own are not looked at. Several are looked at at once, by `threads`."""

    accounts: Accounts
    deployed: DeployedReader
    threads: Callable[[], Executor]

    def examine(self) -> tuple[Examined, ...]:
        """Every account to serve, in order of their ids."""
        served = [one for one in self.accounts.every() if one.state not in {"home", "left"}]
        if not served:
            return ()
        look = partial(self._look, here=self.deployed.here())
        with self.threads() as threads:
            return tuple(threads.map(look, served))

    def _look(self, account: Account, here: Documents) -> Examined:
        try:
            found = self.deployed.there(account.id)
        except BrokerError as refusal:
            return Examined(account.id, account.alias, getattr(refusal, "aws_code", "") or refusal.code)
        return Examined(account.id, account.alias, "", found.template, at_fault(here, found.documents))
