"""Limits of the credentials of GetSessionToken. No policy can widen them.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html ("Permissions")

They call no API of IAM unless MFA was proven, and of STS only AssumeRole and
GetCallerIdentity. Those of GetFederationToken call IAM not at all, and of STS
only GetCallerIdentity.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import sts

from localaws.parity.mfa.condition_keys import authenticated_at
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITED = {"User", "FederatedUser"}
OF_ITSELF = {"sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetFederationToken"}
"""STS answers these itself. It refuses the last two."""
INVALID = iam_evaluator.AuthError("InvalidClientTokenId", "The security token included in the request is invalid")


def enforce(original: Callable[..., Any], access_key: str, action: str, *more: Any, **named: Any) -> Any:
    """The decision of ministack, and below it the limits of such a session."""
    decided = original(access_key, action, *more, **named)
    return INVALID if decided is None and _beyond(access_key, action) else decided


def _beyond(access_key: str, action: str) -> bool:
    session = sts._sessions.get(access_key) or {}
    kind = session.get("PrincipalType")
    if kind not in LIMITED:
        return False
    if action.startswith("iam:"):
        return kind == "FederatedUser" or authenticated_at(access_key) is None
    if not action.startswith("sts:"):
        return False
    return action not in OF_ITSELF and (kind == "FederatedUser" or action != "sts:AssumeRole")


def install() -> None:
    """Decide after ministack: a request that it refuses keeps its own error."""
    around(iam_evaluator, "enforce", enforce)
