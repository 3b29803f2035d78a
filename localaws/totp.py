"""One-time codes of a virtual MFA device.

https://www.rfc-editor.org/rfc/rfc6238 with the parameters that IAM uses: SHA-1, six digits, thirty seconds.
"""

from __future__ import annotations

import base64
import hmac

STEP_SECONDS = 30
DIGITS = 6


def counter(now: float) -> int:
    """The number of the time step at this moment."""
    return int(now // STEP_SECONDS)


def code(seed: str, at: int) -> str:
    """The code of the time step `at`. The seed is base32."""
    digest = hmac.digest(base64.b32decode(seed), at.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
