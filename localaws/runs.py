"""Directories of private runs under .build: each is its owner's while that process lives."""

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

    The kernel gives up the lock on it when its owner ends, however that happens.
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
    """Where the run of `place` writes its log: outside, so that a failed run leaves it."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{place.name}-{os.getpid()}.log"


def sweep(among: Path = RUNS) -> None:
    """Remove what runs left whose process was killed."""
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
