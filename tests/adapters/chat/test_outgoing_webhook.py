"""Telling another system: signed, to the address that was checked and to no other, and nowhere private."""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.chat.aws import outgoing_webhook
from chalicelib.chat.aws.outgoing_webhook import SignedWebhook, may_be_called, resolved
from chalicelib.core.domain.errors import NotDelivered
from tests.fakes.core import NOW
from tests.serving import serving
from tests.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "0123456789abcdef"
BODY = b'{"type":"request"}'


class Listening(HTTPServer):
    """Another system; `status` and `headers` are what it answers."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.headers = status, headers
        self.heard: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Listening

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/redirected")
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@contextmanager
def listening(status: int = 204, headers: dict[str, str] | None = None) -> Iterator[Listening]:
    with serving(Listening(status, headers or {})) as server:
        yield server


def webhook(url: str, **more: Any) -> SignedWebhook:
    return SignedWebhook(**{"url": url, "secret": lambda: SECRET, "clock": lambda: NOW, **more})


def test_the_body_arrives_signed_with_its_timestamp_and_the_delivery_by_name() -> None:
    with listening() as server:
        url = f"http://example.test:{server.server_port}/hooks?from=broker"
        webhook(url, loopback=True, resolve=lambda _host, _port: "127.0.0.1").deliver("e1", BODY)
    [(path, headers, body)] = server.heard
    stamp = headers["X-Access-Broker-Timestamp"]
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Access-Broker-Signature"] == f"v1={expected}"
    assert (path, body, int(stamp)) == ("/hooks?from=broker", BODY, int(NOW.timestamp()))
    assert headers["X-Access-Broker-Delivery"] == "e1"
    assert headers["Host"] == f"example.test:{server.server_port}"


@pytest.mark.parametrize("status", [301, 307, 308, 400, 500])
def test_a_redirect_is_a_failure_like_any_other_and_is_not_followed(status: int) -> None:
    with listening(status) as server:
        with pytest.raises(NotDelivered, match=str(status)):
            webhook(f"http://127.0.0.1:{server.server_port}/", loopback=True).deliver("e1", BODY)
        assert [path for path, _, _ in server.heard] == ["/"]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("0", 0), ("86400", 900), ("9" * 5000, 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-5", 0), ("", 0)],
)
def test_a_system_that_asks_to_wait_is_heard(asked: str, seconds: int) -> None:
    with listening(503, {"Retry-After": asked}) as server:
        with pytest.raises(NotDelivered) as failure:
            webhook(f"http://127.0.0.1:{server.server_port}/", loopback=True).deliver("e1", BODY)
        assert failure.value.retry_after == seconds


def test_the_name_is_asked_once_and_what_was_checked_is_connected_to() -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> str:
        asked.append(host)
        return "127.0.0.1" if len(asked) == 1 else "169.254.169.254"

    with listening() as server:
        webhook(f"http://rebind.test:{server.server_port}/", loopback=True, resolve=resolve).deliver("e1", BODY)
    assert (asked, len(server.heard)) == (["rebind.test"], 1)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "::1", "::", "fe80::1%eth0", "fd00:ec2::254", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1",
     "2002:a00:1::", "ff02::1", "::127.0.0.1", "::169.254.169.254", "::ffff:0:a9fe:a9fe", "fec0::1"],
)  # fmt: skip
def test_a_private_address_is_never_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *to: called.append(to))
    assert not may_be_called(address)
    with pytest.raises(NotDelivered):
        webhook("https://inside.test/", resolve=lambda _host, _port: address).deliver("e1", BODY)
    assert called == []


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "127.1", "017700000001", "localhost", "[::1]", "[::ffff:169.254.169.254]",
     "169.254.43518", "example.com@127.0.0.1", "0", "[fd00:ec2::254]"],
)  # fmt: skip
def test_a_private_address_is_never_called_however_it_is_spelt(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver reads all of these as addresses: it asks no server for them."""
    called: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *to: called.append(to))
    with pytest.raises(NotDelivered, match=r"not a public one|does not resolve"):
        webhook(f"https://{host}/").deliver("e1", BODY)
    assert called == []


def test_public_addresses_may_be_called_and_loopback_only_where_it_was_admitted() -> None:
    assert all(may_be_called(one) for one in ("203.0.114.1", "1.1.1.1", "2606:4700::1111"))
    assert may_be_called("127.0.0.1", loopback=True)
    assert not may_be_called("169.254.169.254", loopback=True)


@pytest.mark.parametrize("url", ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", ""])
def test_only_https_is_spoken(url: str) -> None:
    with pytest.raises(NotDelivered, match="https"):
        webhook(url).deliver("e1", BODY)


def test_nothing_goes_out_unsigned() -> None:
    with pytest.raises(NotDelivered, match=naming("webhook-secret")):
        webhook("https://example.com/", secret=lambda: "").deliver("e1", BODY)


def test_an_address_where_nobody_listens_is_not_delivered_to() -> None:
    with listening() as server:
        port = server.server_port
    with pytest.raises(NotDelivered, match=naming("ConnectionRefusedError")):
        webhook(f"http://127.0.0.1:{port}/", loopback=True).deliver("e1", BODY)


@contextmanager
def dripping(head: bytes) -> Iterator[int]:
    """A server that begins its answer and then sends a byte now and then, for as long as somebody listens."""
    server, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def answer() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.sendall(head)
            while not over.wait(0.01):
                connection.sendall(b"x")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join()
        server.close()


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 204 No Content\r\nX: "])
def test_one_deadline_holds_for_a_server_that_drips(head: bytes) -> None:
    with dripping(head) as port, pytest.raises(NotDelivered, match="TimeoutError"):
        webhook(f"http://127.0.0.1:{port}/", loopback=True, seconds=0.2).deliver("e1", BODY)


def test_a_name_that_does_not_resolve_is_not_delivered_to() -> None:
    assert resolved("127.0.0.1", 80) == "127.0.0.1"
    with pytest.raises(NotDelivered, match="resolve"):
        resolved("nowhere.invalid", 443)


def test_no_secret_shows_in_a_traceback_of_ours() -> None:
    assert SECRET not in repr(webhook("https://example.com/"))
    assert outgoing_webhook.signature(SECRET, "1", BODY).startswith("v1=")
