"""Errors of packaging."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PackagingFailed(Exception):
    """The package could not be made; the message says what to do about it, `log` holds the tool's own words."""

    def __init__(self, detail: str, log: Path | None = None) -> None:
        super().__init__(f"{detail}; see {log}" if log else detail)
        self.detail, self.log = detail, log
