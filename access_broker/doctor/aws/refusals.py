"""The kinds of AWS's refusals that the doctor tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden")


def not_allowed(error: ClientError) -> bool:
    """True if AWS refused for lack of a permission."""
    return error.response.get("Error", {}).get("Code", "") in NOT_ALLOWED


def missing(error: ClientError) -> bool:
    """True if AWS says that there is no such thing."""
    code = error.response.get("Error", {}).get("Code", "")
    return "NotFound" in code or "NoSuch" in code or "NonExistent" in code or code == "ValidationError"
