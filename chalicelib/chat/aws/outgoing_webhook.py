"""One signed POST to an address outside: resolved once, checked, and connected to as checked.

Signed as docs/chat.md says: HMAC-SHA256 of `<timestamp>.<body>`. No redirects:
http.client follows none.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import socket
import ssl
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from chalicelib.chat.domain.notices import asked_to_wait
from chalicelib.core.domain.errors import NotDelivered

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

    from _typeshed import WriteableBuffer

    from chalicelib.core.domain.times import Clock

TIMEOUT_SECONDS = 5.0
"""For the whole exchange, from connecting to the answer's head. Asking for the name comes before: as long as the
resolver of Lambda takes."""

TAKEN = range(200, 300)
PORTS = {"https": 443, "http": 80}
NOT_ADDRESSES_OF_THEIR_OWN = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10"))
)
"""IPv4-compatible, IPv4-translated, NAT64, 6to4 and site-local: `ipaddress` calls most of them global, although they
may lead to private addresses."""


class _Connection(HTTPConnection):
    """To one address, whatever the name resolves to by then; the name still stands in Host, SNI and certificate.

    One deadline for all of it: a socket's timeout is for each operation, and a server that drips may need many.
    """

    def __init__(self, url: SplitResult, address: str, seconds: float) -> None:
        super().__init__(str(url.hostname), url.port or PORTS[url.scheme])
        self._address, self._tls = address, url.scheme == "https"
        self._deadline = time.monotonic() + seconds

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.left())
        if self._tls:
            self.sock.settimeout(self.left())
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
        self.sock.settimeout(self.left())

    def left(self) -> float:
        """Seconds until the deadline; TimeoutError after it."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def head(self) -> HTTPResponse:
        """Status line and headers of the answer. The body is not read."""
        answer = HTTPResponse(cast("socket.socket", _Answering(self)), method="POST")
        answer.begin()
        return answer


class _Answering(io.RawIOBase):
    """The bytes of the answer, each read before the deadline."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.sock.settimeout(self._connection.left())
        return self._connection.sock.recv_into(buffer)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWebhook:
    """`secret` is asked each time, so that it can be rotated; without one nothing is sent.

    `loopback` admits http and this machine's own addresses: the embedded AWS sets it, no template does.
    """

    url: str
    secret: Callable[[], str]
    clock: Clock
    loopback: bool = False
    seconds: float = TIMEOUT_SECONDS
    resolve: Callable[[str, int], str] | None = None

    def deliver(self, delivery: str, body: bytes) -> None:
        """Return for an answer of 200 to 299; NotDelivered for anything else, with the seconds it asked to wait."""
        url, secret = urlsplit(self.url), self.secret()
        if not secret:
            raise NotDelivered("There is no secret to sign with: put webhook-secret into Parameter Store.")
        if url.scheme != "https" and not (self.loopback and url.scheme == "http"):
            raise NotDelivered("The address must begin with https.")
        address = (self.resolve or resolved)(str(url.hostname), url.port or PORTS[url.scheme])
        if not may_be_called(address, loopback=self.loopback):
            raise NotDelivered("The address is not a public one.")
        answer = self._post(url, address, self._headers(secret, delivery, body), body)
        if answer.status not in TAKEN:
            wait = asked_to_wait(answer.getheader("Retry-After", ""))
            raise NotDelivered(f"The other system answered {answer.status}.", retry_after=wait)

    def _headers(self, secret: str, delivery: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self.clock().timestamp()))
        return {
            "Content-Type": "application/json",
            "X-Access-Broker-Delivery": delivery,
            "X-Access-Broker-Timestamp": timestamp,
            "X-Access-Broker-Signature": signature(secret, timestamp, body),
        }

    def _post(self, url: SplitResult, address: str, headers: dict[str, str], body: bytes) -> HTTPResponse:
        connection = _Connection(url, address, self.seconds)
        path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        try:
            connection.request("POST", path, body, headers)
            return connection.head()
        except (HTTPException, OSError) as error:
            raise NotDelivered(f"The other system did not answer ({type(error).__name__}).") from None
        finally:
            connection.close()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-Access-Broker-Signature."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


def resolved(host: str, port: int) -> str:
    """The first address of a name, asked once; NotDelivered where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotDelivered("The address does not resolve.") from None
    return str(found[0][4][0])


def may_be_called(address: str, *, loopback: bool = False) -> bool:
    """True if an IP address is public: not private, not of this machine, not AWS's metadata service."""
    parsed = _unwrapped(ip_address(address.partition("%")[0]))
    if parsed.is_loopback:
        return loopback
    disguised = isinstance(parsed, IPv6Address) and any(parsed in one for one in NOT_ADDRESSES_OF_THEIR_OWN)
    return parsed.is_global and not parsed.is_multicast and not disguised


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address written as IPv6 is that IPv4 address."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
