"""The body of a request: ten roles at once, and not one more."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.approvals.handlers.bodies import RequestBody


def asked(roles: int) -> RequestBody:
    first, *more = (f"role-{number}" for number in range(roles))
    return msgspec.convert({"role": first, "also": more}, RequestBody)


def test_ten_roles_are_asked_for_at_once() -> None:
    assert len(asked(10).ask("once").also) == 9


def test_an_eleventh_role_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="also"):
        asked(11)
