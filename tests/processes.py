"""The programs that tests start: Ctrl-C reaches them, and none holds a failed test up."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING, AnyStr

if TYPE_CHECKING:
    from types import TracebackType

KEYBOARD = (signal.SIGINT, signal.SIGQUIT)


def heed_the_keyboard() -> None:
    """Undo that a non-interactive shell ignores these signals in what it runs in the background.

    Children inherit it: Python then never sees Ctrl-C, and a shell cannot even trap it (POSIX, 2.11).
    """
    for number in KEYBOARD:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


class Child(subprocess.Popen[AnyStr]):
    """A program that ends when its block fails: Popen alone would wait for it without limit."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, error, trace)
