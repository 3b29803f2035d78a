"""A server in a thread of this process, for as long as a block runs."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socketserver import TCPServer

Server = TypeVar("Server", bound="TCPServer")

LOOKS_EVERY = 0.05
"""Seconds until the loop sees that it is to end, where closing the socket does not wake it (macOS)."""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server, which answers until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(LOOKS_EVERY,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            server.socket.shutdown(socket.SHUT_RDWR)  # the loop wakes up; accept() fails, and it looks
        server.shutdown()
        server.server_close()
        thread.join()
