"""The signature covers Host, Content-Type and every X-Amz header that the call carries, the session token among them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html ("CanonicalHeaders")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.parity.gateway.signed_call import Problem

if TYPE_CHECKING:
    from localaws.parity.gateway.signed_call import SignedCall


def problem(call: SignedCall) -> Problem | None:
    """SignatureDoesNotMatch that names a header which has to be signed and is not."""
    signed = call.signed_headers
    if "host" not in signed:
        return Problem(
            "SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    if signed != sorted(set(signed)) or any(name not in call.headers for name in signed):
        return Problem("SignatureDoesNotMatch", "SignedHeaders must name headers of the request once each, in order.")
    unsigned = next((name for name in sorted(call.headers) if _must_be_signed(name) and name not in signed), None)
    return (
        Problem("SignatureDoesNotMatch", f"'{unsigned}' must be a 'SignedHeader' in the AWS Authorization.")
        if unsigned
        else None
    )


def _must_be_signed(name: str) -> bool:
    return name == "content-type" or name.startswith("x-amz-")
