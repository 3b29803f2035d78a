"""Slack's request signature, version v0 (docs.slack.dev/authentication/verifying-requests-from-slack).

HMAC-SHA256 of `v0:<timestamp>:<raw body>` with the app's signing secret. The
raw body, byte for byte: a form that was decoded and encoded again is another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

WINDOW_SECONDS = 300
"""How far a timestamp may lie from our clock, in either direction."""

TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


class NotFromSlack(Refused):
    """The request carries no valid signature; `why` is one word for counting: unsigned, late, early, forged."""

    def __init__(self, why: str) -> None:
        super().__init__("This is not signed as Slack signs its requests.")
        self.why = why


def verify(secret: str, timestamp: str, body: bytes, signature: str, now: datetime) -> None:
    """Return for a request that Slack signed within the window; NotFromSlack otherwise.

    The digest is compared in constant time. An empty secret verifies nothing.
    """
    if not secret or not signature or not TIMESTAMP.fullmatch(timestamp):
        raise NotFromSlack("unsigned")
    age = now.timestamp() - int(timestamp)
    if age > WINDOW_SECONDS:
        raise NotFromSlack("late")
    if age < -WINDOW_SECONDS:
        raise NotFromSlack("early")
    if not hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode("utf-8", "replace")):
        raise NotFromSlack("forged")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-Slack-Signature."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"
