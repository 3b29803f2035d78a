"""Opening a secret URL in the browser without putting it on a command line, where every user could read it."""

from __future__ import annotations

import secrets
import time
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.2


def open_once(url: str, browse: Callable[[str], bool] = webbrowser.open) -> bool:
    """Open a loopback address that redirects to `url` once; False where no browser came for it.

    A browser that stays in the foreground (w3m, or whatever BROWSER names) comes
    while `browse` still runs, and has the terminal until it ends.
    """
    with _Redirect(url) as server, ThreadPoolExecutor(1) as beside:
        opening = beside.submit(browse, server.address)
        return server.followed(lambda: opening.done() and not opening.result())


class _Redirect(HTTPServer):
    """One redirect for the program that knows the random path, then nothing any more."""

    def __init__(self, url: str) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.url = url
        self.path = f"/{secrets.token_urlsafe(32)}"
        self.done = False
        self.timeout = LOOK_SECONDS

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}{self.path}"

    def followed(self, given_up: Callable[[], bool]) -> bool:
        """Wait for the browser; favicons and strangers get 404 and do not count."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.done and not given_up() and time.monotonic() < deadline:
            self.handle_request()
        return self.done


class _Handler(BaseHTTPRequestHandler):
    server: _Redirect
    timeout = 1.0  # browsers open connections ahead that they may never use

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
