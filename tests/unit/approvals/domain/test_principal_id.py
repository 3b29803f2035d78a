"""One principal, one vote: what counts as the same principal."""

from __future__ import annotations

import pytest

from chalicelib.approvals.domain.approvals import principal_id


@pytest.mark.parametrize(
    ("unique_id", "principal"),
    [
        ("AROAEXAMPLE:session", "AROAEXAMPLE"),
        ("111122223333:CI/AROAEXAMPLE", "111122223333:ci"),
        ("AIDAEXAMPLE", "AIDAEXAMPLE"),
        ("AIDA/EXAMPLE", "AIDA/EXAMPLE"),
    ],
)
def test_a_principal_is_a_user_a_role_or_a_members_role_under_its_name(unique_id: str, principal: str) -> None:
    assert principal_id(unique_id) == principal
