"""Processes as /proc of Linux shows them: state, start time and group."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ENDED_WITHIN_SECONDS = 3
"""A function in the middle of a call delays SIGTERM. After this time it gets SIGKILL."""
LOOK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc/PID/stat, proc(5): fields 3, 5 and 22."""

    state: str
    group: int
    started: str
    """In clock ticks since boot. It differs for a later process with the same id."""

    @property
    def over(self) -> bool:
        """True if it has ended and waits to be reaped. The first process of a container may never reap it."""
        return self.state in {"Z", "X"}


def look(pid: int | str) -> Process | None:
    """The process as it is now; None when it does not exist."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(after_name[0], int(after_name[2]), after_name[19])


def end_group(leader: int) -> None:
    """SIGTERM to every process of the group, SIGKILL to those that stay."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(leader, sign)
        if _empty_in_time(leader):
            return


def _empty_in_time(leader: int) -> bool:
    deadline = time.monotonic() + ENDED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if not _members(leader):
            return True
        time.sleep(LOOK_AGAIN_SECONDS)
    return False


def _members(leader: int) -> list[Process]:
    """Every process of the group that is not over."""
    everyone = (look(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in everyone if process and process.group == leader and not process.over]
