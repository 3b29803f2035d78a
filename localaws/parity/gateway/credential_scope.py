"""The credential scope names the region of the API, the service execute-api and the terminator.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html ("Credential scope errors")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.parity.gateway.signed_call import HMAC, Problem

if TYPE_CHECKING:
    from localaws.parity.gateway.signed_call import SignedCall

SERVICE = "execute-api"
TERMINATOR = "aws4_request"


def problem(call: SignedCall) -> Problem | None:
    """SignatureDoesNotMatch with one sentence for every part of the scope that is wrong."""
    scope = call.fields.get("Credential", "").split("/")[2:]
    region, service, terminator = scope if len(scope) == 3 else ["", *scope, ""][:3]  # noqa: PLR2004  three parts
    wrong = [
        f"Credential should be scoped to a valid region, not '{region}'. "
        if call.algorithm == HMAC and region != call.region
        else "",
        f"Credential should be scoped to correct service: '{SERVICE}'. " if service != SERVICE else "",
        f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'. "
        if terminator != TERMINATOR
        else "",
    ]
    return Problem("SignatureDoesNotMatch", "".join(wrong)) if any(wrong) else None
