"""API Gateway hashes the body that arrived; a hash in a header cannot stand for another body.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html ("HashedPayload")

UNSIGNED-PAYLOAD and the streaming values are for Amazon S3:
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from localaws.parity.gateway.signed_call import Problem

if TYPE_CHECKING:
    from localaws.parity.gateway.signed_call import SignedCall


def problem(call: SignedCall) -> Problem | None:
    """SignatureDoesNotMatch when X-Amz-Content-Sha256 is not the hash of the body."""
    told = call.headers.get("x-amz-content-sha256")
    if told is None or told == hashlib.sha256(call.body).hexdigest():
        return None
    return Problem(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided: x-amz-content-sha256.",
    )
