"""Decides which browser is let in: a one-time token, then a cookie and a key that only the page has."""

from __future__ import annotations

import hmac
import secrets
import threading
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_BYTES = 32
KEY_HEADER = "X-Broker-Portal"
SAME_ORIGIN = frozenset({None, "same-origin"})
"""Sec-Fetch-Site of the page's own requests; browsers that do not send it are older than 2023."""


class Gate:
    """The secrets of one run of the portal.

    Browsers send a cookie of 127.0.0.1 to every port of it (RFC 6265, section
    8.5), so another local server could read it. The key does not leave the
    origin of the page. A request needs both.
    """

    def __init__(self, port: int) -> None:
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._cookie_name = f"broker-portal-{port}"
        self._token: str | None = secrets.token_urlsafe(TOKEN_BYTES)
        self._cookie = secrets.token_urlsafe(TOKEN_BYTES)
        self._key = secrets.token_urlsafe(TOKEN_BYTES)
        self._lock = threading.Lock()

    @property
    def token(self) -> str:
        """The token for the address that is opened; empty once it was used."""
        return self._token or ""

    def knows_host(self, headers: Mapping[str, str]) -> bool:
        """False for a web page whose name was rebound to 127.0.0.1: it still sends its own name."""
        return headers.get("Host") in self._hosts

    def from_our_page(self, headers: Mapping[str, str], *, changes: bool) -> bool:
        """True if a script of our own page sent the request. A change must name its origin; browsers always do."""
        origin = headers.get("Origin")
        ours = origin == f"http://{headers.get('Host')}"
        return headers.get("Sec-Fetch-Site") in SAME_ORIGIN and (ours or (origin is None and not changes))

    def exchange(self, token: str) -> tuple[str, str] | None:
        """The Set-Cookie header and the key for the token, once; None for any other."""
        with self._lock:
            if not self._token or not _same(token, self._token):
                return None
            self._token = None
        return f"{self._cookie_name}={self._cookie}; Path=/; HttpOnly; SameSite=Strict", self._key

    def admits(self, headers: Mapping[str, str]) -> bool:
        """True for the browser that exchanged the token."""
        return _same(headers.get(KEY_HEADER) or "", self._key) and _same(self._sent_cookie(headers), self._cookie)

    def _sent_cookie(self, headers: Mapping[str, str]) -> str:
        try:
            found = SimpleCookie(headers.get("Cookie") or "").get(self._cookie_name)
        except CookieError:
            return ""
        return found.value if found else ""


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())
