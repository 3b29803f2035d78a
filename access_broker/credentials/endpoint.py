"""A loopback endpoint that AWS SDKs take credentials from, as containers do, renewed before they end.

The protocol is that of AWS_CONTAINER_CREDENTIALS_FULL_URI with
AWS_CONTAINER_AUTHORIZATION_TOKEN (AWS SDKs and Tools Reference Guide,
"Container credential provider").
"""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from access_broker.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from access_broker.credentials.role_credentials import RoleCredentials

LOOPBACK = "127.0.0.1"
TOKEN_BYTES = 32
LOOK_SECONDS = 30.0
"""The longest pause of the background thread: its clock stands still while a computer sleeps."""


class Endpoint:
    """Credentials over HTTP for programs that have the token. `take` gets usable ones; it may raise Failure."""

    def __init__(
        self,
        take: Callable[[], RoleCredentials],
        current: RoleCredentials,
        port: int = 0,
        notice: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._take = take
        self._current = current
        self._notice = notice
        self._one_at_a_time = threading.Lock()
        self._stopped = threading.Event()
        self._token = secrets.token_urlsafe(TOKEN_BYTES)
        self._http = _Server(self, port)

    def variables(self) -> dict[str, str]:
        """The variables that a program needs."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{LOOPBACK}:{self._http.server_port}/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token,
        }

    def serve(self) -> None:
        """Answer until `stop`; renew in the background meanwhile."""
        threading.Thread(target=self._renew_ahead, daemon=True).start()
        self._http.serve_forever()

    def stop(self) -> None:
        """End `serve`, which runs in another thread."""
        self._stopped.set()
        self._http.shutdown()

    def close(self) -> None:
        """Give the port back."""
        self._stopped.set()
        self._http.server_close()

    def admits(self, host: str | None, token: str | None) -> bool:
        """True for a request of a program that was given the token.

        The Host header is checked too: a web page whose name was rebound to
        127.0.0.1 still sends its own name.
        """
        port = self._http.server_port
        known = host in {f"{LOOPBACK}:{port}", f"localhost:{port}"}
        return known and hmac.compare_digest((token or "").encode(), self._token.encode())

    def credentials(self) -> RoleCredentials:
        """Credentials that last, at once where there are some: SDKs wait for two seconds only.

        Failure where there are none any more and the broker gives no new ones.
        """
        if not self._current.lasts(datetime.now(UTC)):
            self._renew()
        return self._current

    def _renew(self) -> None:
        with self._one_at_a_time:
            if not self._current.usable(datetime.now(UTC)):
                self._current = self._take()

    def _renew_ahead(self) -> None:
        """Renew in the background, before a program has to wait for it."""
        while not self._stopped.wait(self._pause()):
            try:
                self._renew()
            except Failure as failure:
                self._notice(f"Could not renew the credentials yet: {failure.sentence}")

    def _pause(self) -> float:
        left = (self._current.renew_at() - datetime.now(UTC)).total_seconds()
        return left if 0 < left < LOOK_SECONDS else LOOK_SECONDS


@contextlib.contextmanager
def renewing(endpoint: Endpoint) -> Iterator[Endpoint]:
    """The endpoint, answering while the block runs."""
    thread = threading.Thread(target=endpoint.serve, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
        thread.join()
        endpoint.close()


def container_document(credentials: RoleCredentials) -> dict[str, str]:
    """The answer SDKs expect: a `Token` where credential_process has a `SessionToken`."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": credentials.expiration,
    }


class _Server(ThreadingHTTPServer):
    """The loopback server of one endpoint."""

    daemon_threads = True

    def __init__(self, endpoint: Endpoint, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.endpoint = endpoint

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A program that did not wait for its answer is no trouble of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """GET / with the token; everything else is refused."""

    server: _Server
    server_version = "access-broker"
    sys_version = ""

    def do_GET(self) -> None:
        if not self.server.endpoint.admits(self.headers.get("Host"), self.headers.get("Authorization")):
            self._answer(403, {"code": "AccessDenied", "message": "The token or the host is not ours."})
        elif self.path != "/":
            self._answer(404, {"code": "NotFound", "message": "Credentials are at /."})
        else:
            self._give()

    def log_message(self, *_: object) -> None:
        """Request lines are not logged."""

    def _give(self) -> None:
        try:
            document = container_document(self.server.endpoint.credentials())
        except Failure as failure:
            self._answer(503, {"code": "CredentialsUnavailable", "message": failure.sentence})
        else:
            self._answer(200, document)

    def _answer(self, status: int, document: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
