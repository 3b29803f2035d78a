"""Opening a secret URL in the browser without putting it on a command line, where every user could read it."""

from __future__ import annotations

import secrets
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 60.0


def open_once(url: str, browse: Callable[[str], bool] = webbrowser.open) -> bool:
    """Open a loopback address that redirects to `url` once; False where no browser came for it."""
    with _Redirect(url) as server:
        return browse(server.address) and server.followed()


class _Redirect(HTTPServer):
    """One redirect for whoever knows the random path, then nothing any more."""

    def __init__(self, url: str) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.url = url
        self.path = f"/{secrets.token_urlsafe(32)}"
        self.done = False
        self.timeout = PATIENCE_SECONDS

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}{self.path}"

    def followed(self) -> bool:
        """Wait for the browser; favicons and strangers get 404 and do not count."""
        self.waited_out = False
        while not self.done and not self.waited_out:
            self.handle_request()
        return self.done

    def handle_timeout(self) -> None:
        self.waited_out = True


class _Handler(BaseHTTPRequestHandler):
    server: _Redirect

    def do_GET(self) -> None:
        ours = secrets.compare_digest(self.path.encode(), self.server.path.encode())
        self.send_response(302 if ours else 404)
        if ours:
            self.send_header("Location", self.server.url)
            self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.server.done = ours

    def log_message(self, *_: object) -> None:
        """The path is a secret."""
