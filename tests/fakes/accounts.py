"""A registry of accounts on fakes: the organisation, spoke roles and rows behind RegistrySync."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.accounts.domain.registry import Organization
from chalicelib.accounts.services.sync import RegistrySync
from chalicelib.core.domain.errors import BrokerError
from chalicelib.core.domain.roles import split_role_name
from tests.fakes.core import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.accounts.domain.deployed import Deployed, Documents
    from chalicelib.accounts.domain.registry import Listed
    from chalicelib.accounts.services.sync import RegistryRun
    from chalicelib.core.domain.roles import Account

HOME, DEV, PROD = "123456789012", "111111111111", "222222222222"


@dataclass
class FakeOrganization:
    """AWS Organizations: what it answers next."""

    answer: Organization = field(default_factory=Organization)

    def read(self) -> Organization:
        return self.answer


@dataclass
class FakeSpokes:
    """Spoke roles. `fails_with` has the error of an account that does not let us in."""

    fails_with: dict[str, Exception] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)

    def enter(self, account: str) -> None:
        self.entered.append(account)
        if account in self.fails_with:
            raise self.fails_with[account]


@dataclass
class FakeRegistry:
    """The rows of the registry, by id, and of aliases."""

    rows: dict[str, Account] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def every(self) -> Iterable[Account]:
        return list(self.rows.values())

    def write(self, account: Account) -> None:
        self.rows[account.id] = account
        if account.alias:
            self.aliases[account.alias] = account.id

    def drop_alias(self, alias: str) -> None:
        self.aliases.pop(alias, None)


@dataclass
class FakeMembers:
    """Member accounts by id, as the API reads them."""

    accounts: dict[str, Account] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        account, role = split_role_name(name)
        found = [one.id for one in self.accounts.values() if account in {one.id, one.alias}]
        return f"{found[0]}:{role}" if found else ""

    def account(self, number: str) -> Account | None:
        return self.accounts.get(number)


@dataclass
class RegistryDesk:
    """The run of the registry around one clock."""

    organization: FakeOrganization = field(default_factory=FakeOrganization)
    spokes: FakeSpokes = field(default_factory=FakeSpokes)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    filed: tuple[Listed, ...] = ()
    clock: Clock = field(default_factory=Clock)

    def run(self, *accounts: Listed, **more: object) -> RegistryRun:
        """One run with these accounts in the organisation."""
        self.organization.answer = Organization(accounts, **more)  # type: ignore[arg-type]
        return RegistrySync(
            organization=self.organization,
            filed=lambda: self.filed,
            spokes=self.spokes,
            registry=self.registry,
            home=HOME,
            threads=lambda: ThreadPoolExecutor(2),
            clock=self.clock,
        ).run()


HERE: Documents = {"b-boundary": {"Statement": []}, "b-guard": {"Statement": ["deny"]}}


@dataclass
class FakeDeployed:
    """The parts that each account has, or the error that it answers."""

    has: dict[str, Deployed | BrokerError] = field(default_factory=dict)

    def here(self) -> Documents:
        return HERE

    def there(self, account: str) -> Deployed:
        found = self.has[account]
        if isinstance(found, BrokerError):
            raise found
        return found
