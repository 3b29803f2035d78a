"""A function imports from its own package and the standard library, not from the virtual environment of `make`.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html

Lambda keeps a package unpacked for all environments of a function and loads
nothing of its own into them; ministack would write, read and unpack it for
each of twenty concurrent ones, and load botocore before the handler.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import shlex
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime

from localaws.parity.runtime.function_log import TellingWorker, telling
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

LAUNCHER = """#!/bin/sh
exec {python} -S -s "$@"
"""

LOADS_BOTOCORE = "    _ms_install_invoke_depth()\n"

_unpacking = threading.Lock()


class LinkedWorker(TellingWorker):
    """An environment that gets the path of its unpacked package instead of the archive."""

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        """Unpack the archive if no environment did so before."""
        super().__init__(func_name, config, os.fsencode(unpacked(code_zip)))


class Link:
    """In the place of ZipFile: the file holds the path of an unpacked package. A layer is an archive and refused."""

    def __init__(self, path: str) -> None:
        """Read the path. Raises LookupError for anything but the path of a directory."""
        self._package = Path(os.fsdecode(Path(path).read_bytes()[:4096]))
        if not self._package.is_dir():
            raise LookupError("only packages of functions can be unpacked here, no layers")

    def __enter__(self) -> Self:
        """Open nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def extractall(self, path: str) -> None:
        """Put a link to the package in the place of the empty directory."""
        Path(path).rmdir()
        Path(path).symlink_to(self._package)


@functools.lru_cache
def unpacked(archive: bytes) -> Path:
    """The directory of the unpacked archive; all environments share it."""
    directory = Path(tempfile.gettempdir()) / "packages" / hashlib.sha256(archive).hexdigest()
    with _unpacking:
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            zipfile.ZipFile(io.BytesIO(archive)).extractall(partial)
            partial.rename(directory)
    return directory


def runtime_binary(original: Callable[..., tuple[str, str]], runtime: str, *, launcher: str) -> tuple[str, str]:
    """The worker script of ministack, started by a Python without site-packages, and without its recursion guard."""
    binary, script = original(runtime)
    if binary != sys.executable:
        return binary, script
    if LOADS_BOTOCORE not in script:
        raise LookupError("ministack's worker script has changed: see localaws/parity/runtime/functions.py")
    return launcher, telling(script.replace(LOADS_BOTOCORE, ""))


def _write_launcher() -> str:
    path = Path(tempfile.gettempdir()) / "python-without-site-packages"
    path.write_text(LAUNCHER.format(python=shlex.quote(sys.executable)))
    path.chmod(0o700)
    return os.fspath(path)


def install() -> None:
    """Start functions through the launcher, from shared packages."""
    launcher = _write_launcher()

    def started(original: Callable[..., Any], runtime: str) -> tuple[str, str]:
        return runtime_binary(original, runtime, launcher=launcher)

    around(lambda_runtime, "_detect_runtime_binary", started)
    lambda_runtime.Worker = LinkedWorker
    lambda_runtime.zipfile = SimpleNamespace(ZipFile=Link, BadZipFile=zipfile.BadZipFile)
