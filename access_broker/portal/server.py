"""The loopback server of the portal: the page, the exchange of the token, and the routes of the contract."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from access_broker.portal.files import page_files
from access_broker.portal.gate import Gate
from access_broker.portal.peers import stranger
from access_broker.portal.relay import Reply, document_of, problem

if TYPE_CHECKING:
    from access_broker.portal.relay import Relay

LOOPBACK = "127.0.0.1"
BODY_BYTES = 65_536
"""As much as the broker takes (docs/api.md)."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
REFUSED = problem(403, "portal_refused", "Only the page that `broker portal` opened may ask this.")
ENDED = problem(
    401, "portal_ended", "This address was used already or is not of this run: start `broker portal` again."
)


class Portal(ThreadingHTTPServer):
    """One run of the portal, on loopback only."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, relay: Relay, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.relay = relay
        self.gate = Gate(self.server_port)
        self.files = page_files()

    @property
    def address(self) -> str:
        """The address to open. Its fragment holds the token: browsers send fragments to no server."""
        return f"http://{LOOPBACK}:{self.server_port}/#token={self.gate.token}"

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse connections of other users of this computer."""
        del request
        return not stranger(client_address[1], self.server_port)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell nothing: a traceback could stand beside a secret, and a browser that has gone is no trouble."""


class _Handler(BaseHTTPRequestHandler):
    server: Portal
    server_version = "access-broker"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60.0

    def do_GET(self) -> None:
        self.close_connection |= "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        if not self.server.gate.knows_host(self.headers):  # type: ignore[arg-type]
            self._answer(REFUSED)
        elif self.path in self.server.files:
            content_type, content = self.server.files[self.path]
            self._send(200, content_type, content)
        else:
            self._api(b"")

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        if self.path == "/portal/session":
            self._exchange(body)
        else:
            self._api(body)

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815  the names http.server looks for

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer methods and lines that HTTP or we do not know, with our own headers; nothing is repeated."""
        del message, explain
        self._close(problem(code, "portal_refused", "The portal does not take this."))

    def log_message(self, *_: object) -> None:
        """Request lines are not logged."""

    def _exchange(self, body: bytes) -> None:
        gate = self.server.gate
        if not (self._ours(changes=True) and self.command == "POST"):
            self._answer(REFUSED)
        elif exchanged := gate.exchange(_token(body)):
            cookie, key = exchanged
            self._answer(Reply(200, {"key": key}), {"Set-Cookie": cookie})
        else:
            self._answer(ENDED)

    def _api(self, body: bytes) -> None:
        if not self._ours(changes=self.command != "GET"):
            self._answer(REFUSED)
        elif not self.server.gate.admits(self.headers):  # type: ignore[arg-type]
            self._answer(ENDED)
        elif (self.command, self.path) == ("GET", "/openapi.json"):
            self._answer(self.server.relay.description())
        elif (self.command, self.path) == ("POST", "/portal/mfa"):
            self._answer(self.server.relay.prove(body))
        elif (self.command, self.path) == ("GET", "/portal/chain"):
            self._answer(self.server.relay.chain())
        else:
            key = self.headers.get("Idempotency-Key") or ""
            self._answer(self.server.relay.ask(self.command, self.path, body, key))

    def _ours(self, *, changes: bool) -> bool:
        gate, headers = self.server.gate, self.headers
        return gate.knows_host(headers) and gate.from_our_page(headers, changes=changes)  # type: ignore[arg-type]

    def _body(self) -> bytes | None:
        """The body, once its length is known and small; None where the request was answered already."""
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            self._close(problem(411, "length_required", "Say the length of the body."))
            return None
        if int(length[:9]) > BODY_BYTES:
            self._close(problem(413, "body_too_large", f"A body has at most {BODY_BYTES} bytes."))
            return None
        body = self.rfile.read(int(length))
        if body and self.headers.get("Content-Type") != "application/json":
            self._answer(problem(415, "unsupported_media_type", "Bodies are application/json."))
            return None
        return body

    def _close(self, reply: Reply) -> None:
        """Answer without reading the body; what follows on this connection cannot be understood."""
        self.close_connection = True
        self._answer(reply, {"Connection": "close"})

    def _answer(self, reply: Reply, extra: dict[str, str] | None = None) -> None:
        more = {"Retry-After": reply.retry_after} if reply.retry_after else {}
        self._send(reply.status, "application/json", json.dumps(reply.document).encode(), {**more, **(extra or {})})

    def _send(self, status: int, content_type: str, content: bytes, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": content_type, **(extra or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _token(body: bytes) -> str:
    token = document_of(body).get("token")
    return token if isinstance(token, str) else ""
