"""Files only their owner may read, replaced whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

OWNER_ONLY = 0o600
OWNER_ONLY_DIRECTORY = 0o700
POLL_SECONDS = 0.05
HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})
"""Another process has the lock (flock, and msvcrt on Windows)."""


def replace(path: Path, content: bytes, like: os.stat_result | None = None) -> None:
    """Write `content` beside `path`, then rename over it: a reader sees the old bytes or the new ones.

    The file belongs to its owner alone, or has the mode and owner of `like`. When it returns, a power failure does not
    bring the old bytes back.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(draft, flags, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if like:
            _take_after(draft, like)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _keep_the_name(path.parent)


def _keep_the_name(directory: Path) -> None:
    """Write the directory to the disk, and with it the new name of the file (fsync(2)). Windows has no such call."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):  # some network file systems cannot
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _take_after(path: Path, like: os.stat_result) -> None:
    path.chmod(stat.S_IMODE(like.st_mode))
    if sys.platform != "win32" and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(path, like.st_uid, like.st_gid)


def read_private(path: Path) -> str | None:
    """The text of a regular file that is ours and that no other user may read; None where there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, encoding="utf-8") as file:
        state = os.fstat(file.fileno())
        return file.read() if stat.S_ISREG(state.st_mode) and _private(state) else None


def private_directory(path: Path) -> Path:
    """The directory, made if need be; PermissionError where another user owns it."""
    path.mkdir(mode=OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    state = path.stat()
    if sys.platform != "win32" and state.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user")
    if not _private(state):
        path.chmod(OWNER_ONLY_DIRECTORY)
    return path


def _private(state: os.stat_result) -> bool:
    """True if the file is ours and no other user has any right. Windows protects a profile by its ACL instead."""
    return sys.platform == "win32" or (state.st_uid == os.geteuid() and not state.st_mode & 0o077)


@contextlib.contextmanager
def locked(path: Path, seconds: float) -> Iterator[bool]:
    """Hold `path` against other processes; yields False where another one kept it for longer than `seconds`.

    OSError where the file system has no locks. The system lets go when the process ends, however it ends.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), OWNER_ONLY)
    try:
        yield _acquired(descriptor, time.monotonic() + seconds)
    finally:
        os.close(descriptor)


def _acquired(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            _try_lock(descriptor)
        except OSError as error:
            if error.errno not in HELD:
                raise  # the file system has no locks: waiting would not help
        else:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)


def _try_lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
