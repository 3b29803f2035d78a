"""Directories of private runs under .build. A directory belongs to a process while that process lives."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.packaging import BUILD

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = BUILD / "runs"
LOGS = BUILD / "logs"
OWNED = "owned"


@contextmanager
def directory(wanted: Path | None = None) -> Iterator[Path]:
    """The wanted directory, or a new one under .build/runs; it is removed afterwards.

    The kernel releases the lock on it when the owner ends, for whatever reason.
    """
    RUNS.mkdir(parents=True, exist_ok=True)
    place = (wanted or Path(tempfile.mkdtemp(dir=RUNS))).resolve()
    place.mkdir(parents=True, exist_ok=True)
    claim = place / "claim"
    with claim.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        claim.rename(place / OWNED)  # the marker never shows without its lock: others sweep
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def log(place: Path) -> Path:
    """The log file of the run of `place`. It is outside the directory, so that it stays after a failed run."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{place.name}-{os.getpid()}.log"


def sweep(among: Path = RUNS) -> None:
    """Remove the directories of runs whose process was killed."""
    for marker in among.glob(f"*/{OWNED}"):
        if _abandoned(marker):
            shutil.rmtree(marker.parent, ignore_errors=True)


def _abandoned(marker: Path) -> bool:
    try:
        with marker.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True
