"""An answer does not wait for the function's log.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-logs-api.html

Lambda reads the log beside the invocation. ministack holds each answer back until
the log has been silent for 5 ms, or for 50 ms where the function writes nothing,
and looks every millisecond. Here the worker says that its log is complete.
"""

from __future__ import annotations

import contextlib
import queue

from ministack.core import lambda_runtime

ANSWERS = "        _real_stdout.flush()\n\nrun()"
COMPLETE = "\x1e the log of this invocation is complete"
"""A line that no log has: it begins with ASCII's record separator."""


class TellingWorker(lambda_runtime.Worker):  # type: ignore[misc]
    """An environment whose log ends with COMPLETE after each invocation."""

    def _read_stderr(self) -> None:
        log = self._stderr_queue  # the next process of this environment gets another one
        with contextlib.suppress(OSError, ValueError):
            for line in self._proc.stderr:
                log.put(line.rstrip("\n"))
        log.put(COMPLETE)

    def _drain_stderr_bounded(
        self, first_line_wait: float = 0.0, idle_confirm: float = 0.0, hard_cap: float = 5.0
    ) -> str:
        """The log of the invocation that was answered.

        It is in the pipe before the answer. Its reader may wait for its turn on a busy machine: if we gave up early,
        each later invocation would be told the log of the one before.
        """
        del first_line_wait, idle_confirm
        lines = []
        try:
            while (line := self._stderr_queue.get(timeout=hard_cap)) != COMPLETE:
                lines.append(line)
        except queue.Empty:
            pass
        return "\n".join(lines)


def telling(script: str) -> str:
    """The worker script of ministack, which writes COMPLETE to its log before it hands out an answer."""
    if ANSWERS not in script:
        raise LookupError("ministack's worker script has changed: see localaws/parity/runtime/function_log.py")
    return script.replace(ANSWERS, f"        print({COMPLETE!r}, file=sys.stderr, flush=True)\n{ANSWERS}")
