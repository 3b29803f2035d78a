"""Zip files whose bytes depend on their contents alone: fixed order, dates and permissions."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date a zip can tell."""

READABLE = 0o100644 << 16
"""A regular file that all users may read: Lambda runs as another user than the one who packs."""

UNIX = 3
BEST = 9


def extract(package: Path, tree: Path) -> None:
    """Unpack the zip into a new directory."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tree)


def write(tree: Path, package: Path) -> None:
    """Pack every file under `tree`."""
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=BEST) as archive:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), EPOCH)
            entry.external_attr, entry.create_system, entry.compress_type = READABLE, UNIX, zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=BEST)
