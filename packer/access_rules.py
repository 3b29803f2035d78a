"""The access policies, validated, as Cedar's JSON beside their texts: a cold start reads, it need not parse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.compiled_rules import compile_rules
from packer.failures import PackagingFailed
from policytool.check import check
from policytool.source import read

if TYPE_CHECKING:
    from pathlib import Path

COMPILED = "access.json"
"""wiring.rules looks for it beside the directory `access`."""


def precompile(policies: Path) -> None:
    """Write policies/access.json. PackagingFailed where `broker policy check` finds an error, in its words.

    So a policy that does not validate never deploys, whoever packages it.
    """
    wrong = [str(found) for found in check(policies) if found.level == "error"]
    if wrong:
        raise PackagingFailed("\n".join(f"policies/access/{found}" for found in wrong))
    (policies / COMPILED).write_text(compile_rules(read(policies / "access", "*.cedar")))
