"""Cedar's complaints about the address that a request came from."""

from __future__ import annotations

import pytest

from chalicelib.access.domain.rules import address_problems


@pytest.mark.parametrize("address", ["127.0.0.1", "2001:db8::1"])
def test_an_address_is_no_problem(address: str) -> None:
    assert address_problems(address) == ()


@pytest.mark.parametrize("address", ["test-invoke-source-ip", "10.0.0.256"])
def test_what_is_no_address_is_one(address: str) -> None:
    assert address_problems(address)
