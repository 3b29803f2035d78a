"""The accounts of the registry, for those who run or audit the broker."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import NotFound, Refused
from chalicelib.core.domain.pages import Page

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Account
    from chalicelib.core.services.refusals import RefusalRecorder

    class Accounts(Protocol):
        """The registry, read only."""

        def every(self) -> Iterable[Account]:
            """All accounts in order of their ids."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBrowser:
    """Cedar's `ReadAudit` on the whole broker decides, or `Provision`: templates name accounts."""

    rights: Rights
    accounts: Accounts
    refusals: RefusalRecorder

    def page(self, limit: int, after: str, origin: Origin) -> Page[Account]:
        """The first `limit` accounts after the id `after`; Refused, once recorded."""
        if not self.rights.may_read("", origin):
            self._demand(origin)
        found = tuple(islice((one for one in self.accounts.every() if one.id > after), limit + 1))
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    def _demand(self, origin: Origin) -> None:
        try:
            self.rights.demand("Provision", "", origin)
        except (Refused, NotFound) as refusal:
            raise self.refusals.record(refusal, origin, detail={"action": "ReadAccounts"}) from None
