"""The machine that a package is made for: an architecture and a Python, whatever machine packs."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Architecture = Literal["x86_64", "arm64"]
"""As Lambda calls them."""

NAMES: dict[str, Architecture] = {"aarch64": "arm64", "arm64": "arm64"}
"""Lambda's architecture by what a machine calls itself; every other one is x86_64."""

RUNTIME = "3.13"
"""The Python that is deployed, whichever Python packs. AWS supports it until 2029 (Lambda, "Lambda runtimes")."""

MANYLINUX = {"x86_64": "x86_64", "arm64": "aarch64"}
GLIBC = ("2_17", "2_28", "2_34")
"""Up to Amazon Linux 2023, on which Lambda runs Python 3.12 and later."""

GLIBC_BEFORE_3_12 = GLIBC[:1]
NEW_LINUX = (3, 12)


@dataclass(frozen=True, slots=True)
class Target:
    """An architecture of Lambda and a version of Python such as 3.13."""

    architecture: Architecture = "x86_64"
    python: str = RUNTIME

    @property
    def runtime(self) -> str:
        """Lambda's name for it."""
        return f"python{self.python}"

    @property
    def pip(self) -> dict[str, str]:
        """Settings with which pip resolves wheels for the target, on any machine (pip user guide, "Configuration")."""
        return {
            "PIP_PLATFORM": " ".join(self._platforms()),
            "PIP_PYTHON_VERSION": self.python,
            "PIP_IMPLEMENTATION": "cp",
            "PIP_ONLY_BINARY": ":all:",
        }

    def _platforms(self) -> Iterator[str]:
        machine = MANYLINUX[self.architecture]
        new = tuple(map(int, self.python.split("."))) >= NEW_LINUX
        yield f"manylinux2014_{machine}"
        yield from (f"manylinux_{glibc}_{machine}" for glibc in (GLIBC if new else GLIBC_BEFORE_3_12))


def of_this_machine() -> Target:
    """The target whose package can run in this very Python, on Linux."""
    major, minor = sys.version_info[:2]
    return Target(NAMES.get(platform.machine(), "x86_64"), f"{major}.{minor}")


def interpreter(python: str) -> str | None:
    """A Python of that version on this machine, to compile for it; None if there is none."""
    return next((path for path in _candidates(python) if _version(path) == python), None)


def _candidates(python: str) -> Iterator[str]:
    yield sys.executable
    if on_path := shutil.which(f"python{python}"):
        yield on_path
    for pattern in (
        f".pyenv/versions/{python}.*/bin/python3",
        f".local/share/uv/python/cpython-{python}.*/bin/python3",
    ):
        yield from map(str, sorted(Path.home().glob(pattern)))


def _version(path: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run([path, "-c", code], capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
