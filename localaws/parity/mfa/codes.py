"""The codes of a device: each is good for a short time, and once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_sync.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_mfa.html
"""

from __future__ import annotations

import hmac
import time
from typing import Any

from localaws import totp

CLOCK_STEPS = 1
"""A clock may be off by so many steps."""
PAIR_STEPS = 3
"""Two codes that follow each other prove more than one, so they may be older."""


def use(device: dict[str, Any], code: str) -> bool:
    """Take one code: True when it is right and newer than every code that was taken before."""
    now = totp.counter(time.time())
    return _take(device, (code,), range(now - CLOCK_STEPS, now + CLOCK_STEPS + 1))


def use_pair(device: dict[str, Any], first: str, second: str) -> bool:
    """Take two codes that follow each other."""
    now = totp.counter(time.time())
    return _take(device, (first, second), range(now - PAIR_STEPS, now + CLOCK_STEPS))


def _take(device: dict[str, Any], codes: tuple[str, ...], starts: range) -> bool:
    seed, taken = device["Base32StringSeed"], device.get("LastCounter", 0)
    for start in starts:
        right = all(hmac.compare_digest(totp.code(seed, start + number), one) for number, one in enumerate(codes))
        if right and start > taken:
            device["LastCounter"] = start + len(codes) - 1
            return True
    return False
