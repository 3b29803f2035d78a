"""Keeping the registry: which accounts there are, and which of them let the broker in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.accounts.domain.registry import put_together
from chalicelib.core.domain.errors import ORGANISATIONS_POLICIES, AwsUnavailable, BrokerError, TooManyRequests
from chalicelib.core.domain.roles import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor
    from datetime import datetime
    from typing import Protocol

    from chalicelib.accounts.domain.registry import Listed, Organization
    from chalicelib.core.domain.times import Clock

    class OrganizationReader(Protocol):
        """AWS Organizations."""

        def read(self) -> Organization:
            """Every account with units and tags, and the calls that were denied."""
            ...

    class Spokes(Protocol):
        """The spoke roles of member accounts."""

        def enter(self, account: str) -> object:
            """Take the spoke role of an account; BrokerError with AWS's code."""
            ...

    class Registry(Protocol):
        """The rows of the registry."""

        def every(self) -> Iterable[Account]:
            """All accounts."""
            ...

        def write(self, account: Account) -> None:
            """Write one account, and its alias."""
            ...

        def drop_alias(self, alias: str) -> None:
            """Let an alias stand for no account."""
            ...


UNLISTED = "neither the organisation nor policies/accounts.json has it any more"
NOT_JOINED = "it has not joined: deploy the member template (make spoke)"
LOST = "its spoke role does not let the broker in ({0}): deploy the member template again"

FORBIDDEN = "a {0} does not let the broker in: ask the administrators of the organisation"


@dataclass(frozen=True, slots=True)
class RegistryRun:
    """The result of a run. `lost` are accounts that had joined and are out of reach now."""

    accounts: tuple[Account, ...]
    denied: tuple[str, ...]
    answered: bool

    @property
    def lost(self) -> tuple[Account, ...]:
        """Accounts that had joined and are out of reach."""
        return tuple(one for one in self.accounts if one.joined_before and one.state == "unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySync:
    """`home` is the id of the broker's own account. Several accounts are looked at at once by `threads`."""

    organization: OrganizationReader
    filed: Callable[[], tuple[Listed, ...]]
    spokes: Spokes
    registry: Registry
    home: str
    threads: Callable[[], Executor]
    clock: Clock

    def run(self) -> RegistryRun:
        """Bring the registry up to date. An account that cannot be reached does not stop the others."""
        known = {one.id: one for one in self.registry.every()}
        organization = self.organization.read()
        listed = put_together(self.filed(), organization, known)
        now = self.clock()
        look = partial(self._look, known=known, now=now)
        with self.threads() as threads:
            accounts = [*threads.map(look, listed.values()), *_left(known, listed, now)]
        for alias in {one.alias for one in known.values()} - {one.alias for one in accounts} - {""}:
            self.registry.drop_alias(alias)
        for account in accounts:
            self.registry.write(account)
        return RegistryRun(tuple(accounts), organization.denied, organization.answered)

    def _look(self, listed: Listed, known: Mapping[str, Account], now: datetime) -> Account:
        before = known.get(listed.id)
        joined_before = before is not None and before.joined_before
        base = partial(Account, listed.id, listed.alias, listed.name, listed.ou_path, listed.tags)
        if listed.id == self.home:
            return base("home", "", now)
        if listed.closed:
            return base("left", listed.closed, now, joined_before=joined_before)
        try:
            self.spokes.enter(listed.id)
        except (AwsUnavailable, TooManyRequests) as failure:
            if before is not None and before.state == "joined":  # one look that fails says nothing about the account
                return base("joined", failure.detail, before.checked_at, joined_before=True)
            return base("unreachable", failure.detail, now, joined_before=joined_before)
        except BrokerError as refusal:
            return base("unreachable", _why(refusal, joined_before=joined_before), now, joined_before=joined_before)
        return base("joined", "", now, joined_before=True)


def _why(refusal: BrokerError, *, joined_before: bool) -> str:
    """The reason in words. It names a policy of the organisation, because no template can change that."""
    kind = getattr(refusal, "denied_by", "")
    if kind in ORGANISATIONS_POLICIES:
        return FORBIDDEN.format(kind)
    return LOST.format(getattr(refusal, "aws_code", refusal.code)) if joined_before else NOT_JOINED


def _left(known: Mapping[str, Account], listed: Mapping[str, Listed], now: datetime) -> Iterable[Account]:
    for number, one in known.items():
        if number not in listed:
            yield Account(
                number, "", one.name, one.ou_path, one.tags, "left", UNLISTED, now, joined_before=one.joined_before
            )
