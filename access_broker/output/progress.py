"""A line on the terminal's stderr that moves while work goes on."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FRAMES = "|/-\\"
FRAME_SECONDS = 0.15
CLEAR = "\r\x1b[K"
PATIENCE_SECONDS = 1.0
"""Work that takes longer than this is shown."""


@contextlib.contextmanager
def moving(words: Callable[[], str], after: float = 0.0) -> Iterator[None]:
    """Show `words` with the seconds since the beginning, from `after` seconds on, and remove the line at the end."""
    stopped = threading.Event()
    thread = threading.Thread(target=_draw, args=(words, after, stopped), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _draw(words: Callable[[], str], after: float, stopped: threading.Event) -> None:
    began = time.monotonic()
    if stopped.wait(after):
        return
    frame = 0
    while not stopped.is_set():
        seconds = int(time.monotonic() - began)
        _write(f"{CLEAR}{FRAMES[frame % len(FRAMES)]} {words()}{f' ({seconds} s)' if seconds else ''}")
        frame += 1
        stopped.wait(FRAME_SECONDS)
    _write(CLEAR)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
