"""A user, role or policy has fifty tags at most.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import Any

from ministack.services import iam

from localaws.parity.iam import arns
from localaws.parity.iam.guards import Refusal, put

MOST = 50


def listed(params: dict[str, Any]) -> Refusal | None:
    """One request lists fifty tags at most."""
    if len(iam._extract_tags(params)) <= MOST:
        return None
    constraint = f"failed to satisfy constraint: Member must have length less than or equal to {MOST}"
    return Refusal(400, "ValidationError", f"1 validation error detected: Value at 'tags' {constraint}")


def kept(params: dict[str, Any]) -> Refusal | None:
    """A user, role or policy has fifty tags at most. Keys that differ in letter case only count once."""
    entity = iam._policies.get(iam._p(params, "PolicyArn")) or arns.entity_of(params) or {}
    keys = {tag["Key"].lower() for tag in [*(entity.get("Tags") or []), *iam._extract_tags(params)]}
    if len(keys) <= MOST:
        return None
    kind = iam._p(params, "Action").removeprefix("Tag")
    return Refusal(409, "LimitExceeded", f"Cannot exceed quota for TagsPer{kind}: {MOST}")


def install() -> None:
    """Put the guards before the operations that set tags; the last one put is asked first."""
    tagging = ("TagUser", "TagRole", "TagPolicy")
    put({kept: tagging})
    put({listed: ("CreateUser", "CreateRole", "CreatePolicy", *tagging)})
