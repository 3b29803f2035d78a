"""Packages from npm that only tests use: installed once per checkout, outside of git, from a lock file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).parent.parent / ".build"


def installed(folder: Path, *programs: str) -> Path:
    """Where the packages of `folder` (package.json, package-lock.json) are; skips where a program is missing."""
    missing = [one for one in ("npm", *programs) if not shutil.which(one)]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    place, lock = BUILD / folder.name, (folder / "package-lock.json").read_bytes()
    mark = place / "installed-lock.json"
    if not (mark.exists() and mark.read_bytes() == lock):
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, place)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        mark.write_bytes(lock)
    return place
