"""`python -m policytool`, run in this process."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

from policytool.__main__ import main


@dataclass(frozen=True)
class Done:
    """The exit code, and all that was printed."""

    code: int
    output: str


def policy_tool(*words: str) -> Done:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(words)
    return Done(code, printed.getvalue())
