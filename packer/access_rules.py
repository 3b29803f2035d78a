"""The access policies as Cedar's JSON, beside their texts: a cold start reads, it need not parse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.compiled_rules import compile_rules
from packer.failures import PackagingFailed

if TYPE_CHECKING:
    from pathlib import Path

COMPILED = "access.json"
"""wiring.rules looks for it beside the directory `access`."""


def precompile(policies: Path) -> None:
    """Write policies/access.json; PackagingFailed names the file and what is wrong with it."""
    texts = {path.name: path.read_text() for path in (policies / "access").glob("*.cedar")}
    try:
        (policies / COMPILED).write_text(compile_rules(texts))
    except ValueError as error:
        raise PackagingFailed(f"policies/access/{error}") from error
