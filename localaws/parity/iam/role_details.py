"""GetAccountAuthorizationDetails lists the permissions boundary of each role.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleDetail.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ministack.services import iam

from localaws.parity.wrap import around_each

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[int, dict[str, str], bytes]

DETAIL = re.compile(r"<RoleName>([^<]+)</RoleName>(?:(?!<RoleName>).)*?(?=<RolePolicyList>)", re.DOTALL)
"""From a role's name to its inline policies: only a RoleDetail has those."""


def details(original: Callable[..., Answer], *request: Any) -> Answer:
    """The answer of ministack, with the boundaries added."""
    status, headers, body = original(*request)
    return status, headers, DETAIL.sub(_bounded, body.decode()).encode()


def _bounded(detail: re.Match[str]) -> str:
    arn = iam._roles[detail[1]].get("PermissionsBoundary")
    if not arn:
        return detail[0]
    kind = "<PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>"
    boundary = f"{kind}<PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn>"
    return f"{detail[0]}<PermissionsBoundary>{boundary}</PermissionsBoundary>"


def install() -> None:
    """Put it around the operation."""
    around_each(iam._IAM_HANDLERS, ("GetAccountAuthorizationDetails",), details)
