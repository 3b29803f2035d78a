"""A member account belongs to the organisation of its management account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid

ministack gives every account an organisation of its own.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import organizations

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable


def principal_org_id(original: Callable[..., str | None], account: str) -> str | None:
    """The id of the organisation that an account belongs to."""
    owner = manager_of(account)
    organization: dict[str, Any] | None = organizations._orgs.get_scoped(owner, None, "self") if owner else None
    return organization["Id"] if organization else original(account)


def manager_of(account: str) -> str | None:
    """The management account of a member; None for an account that no other account manages."""
    return next((owner for owner, member in organizations._accounts.to_dict() if member == account != owner), None)


def install() -> None:
    """Answer ministack's question for the organisation of a principal."""
    around(iam_evaluator, "_principal_org_id", principal_org_id)
