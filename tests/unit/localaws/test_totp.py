"""Codes are those of RFC 6238, appendix B, cut to six digits."""

from __future__ import annotations

import base64

import pytest

from localaws import totp

SEED = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("now", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_rfc(now: int, code: str) -> None:
    assert totp.code(SEED, totp.counter(now)) == code
