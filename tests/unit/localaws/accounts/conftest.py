"""The member accounts dev and prod of the shared embedded AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localaws.accounts import organization

if TYPE_CHECKING:
    from localaws.accounts.members import Member
    from tests.unit.localaws.conftest import Account


@pytest.fixture(scope="session")
def spokes(account: Account) -> tuple[Member, ...]:
    return organization.ensure(account.client, account.endpoint_url, 2)


@pytest.fixture
def dev(spokes: tuple[Member, ...]) -> Member:
    return spokes[0]


@pytest.fixture
def prod(spokes: tuple[Member, ...]) -> Member:
    return spokes[1]
