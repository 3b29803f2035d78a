"""A server in a thread of this process, for as long as a block runs."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socketserver import BaseServer

Server = TypeVar("Server", bound="BaseServer")

LOOKS_EVERY = 0.01
"""Seconds until the loop sees that it is to end. The default is half a second, which every test would wait for."""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server, which answers until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(LOOKS_EVERY,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
