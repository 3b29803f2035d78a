"""A function imports from its own package and the standard library, not from the virtual environment of `make`.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html

Lambda keeps a package unpacked for all environments of a function and loads
nothing of its own into them; ministack would unpack it for each of twenty
concurrent ones, and load botocore before the handler.
"""

from __future__ import annotations

import hashlib
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

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

LAUNCHER = """#!/bin/sh
exec {python} -S -s "$@"
"""

LOADS_BOTOCORE = "    _ms_install_invoke_depth()\n"

_unpacking = threading.Lock()


class SharedZipFile(zipfile.ZipFile):
    """An archive whose contents are unpacked once and linked wherever they are wanted."""

    def extractall(self, path: Any = None, *_members: Any) -> None:
        """Link every top-level entry of the unpacked archive into `path`."""
        for entry in self._unpacked().iterdir():
            (Path(path) / entry.name).symlink_to(entry)

    def _unpacked(self) -> Path:
        digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        unpacked = Path(tempfile.gettempdir()) / "packages" / digest
        with _unpacking:
            if not unpacked.exists():
                super().extractall(unpacked.with_suffix(".partial"))
                unpacked.with_suffix(".partial").rename(unpacked)
        return unpacked


def runtime_binary(original: Callable[..., tuple[str, str]], runtime: str, *, launcher: str) -> tuple[str, str]:
    """The worker script of ministack, started by a Python without site-packages, and without its recursion guard."""
    binary, script = original(runtime)
    if binary != sys.executable:
        return binary, script
    if LOADS_BOTOCORE not in script:
        raise LookupError("ministack's worker script has changed: see localaws/parity/runtime/functions.py")
    return launcher, script.replace(LOADS_BOTOCORE, "")


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
    lambda_runtime.zipfile = SimpleNamespace(ZipFile=SharedZipFile, BadZipFile=zipfile.BadZipFile)
