"""The access policies, validated, as Cedar's JSON beside their texts: a cold start reads, it need not parse."""

from __future__ import annotations

from dataclasses import replace
from posixpath import normpath
from typing import TYPE_CHECKING

from chalicelib.access.domain.rule_files import compile_rules
from lambda_package.failures import PackagingFailed
from policytool.check import check
from policytool.source import read

if TYPE_CHECKING:
    from pathlib import Path

    from policytool.source import Complaint

COMPILED = "access.json"
"""wiring.rules looks for it beside the directory `access`."""


def precompile(policies: Path) -> None:
    """Write policies/access.json. PackagingFailed where `broker policy check` finds an error, in its words.

    So a policy that does not validate is never deployed.
    """
    wrong = [found for found in check(policies) if found.level == "error"]
    if wrong:
        raise PackagingFailed("\n".join(str(_from_checkout(found)) for found in wrong))
    (policies / COMPILED).write_text(compile_rules(read(policies / "access", "*.cedar")))


def _from_checkout(found: Complaint) -> Complaint:
    return replace(found, file=normpath(f"policies/access/{found.file}"))
