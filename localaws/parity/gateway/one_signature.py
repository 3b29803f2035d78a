"""A call carries one signature: exactly three fields in one header, or in the query, never in both.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

ministack reads the fields it knows and ignores everything beside them, so that
a field sent twice, or a second header, could name another caller than the one
whose signature is checked.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from localaws.parity.gateway.signed_call import HMAC, Problem

if TYPE_CHECKING:
    from localaws.parity.gateway.signed_call import SignedCall

FIELDS = ("Credential", "SignedHeaders", "Signature")
FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=[^\s,=]+")
OF_A_SIGNATURE = re.compile(r"x-amz-(algorithm|credential|date|expires|security-token|signature|signedheaders)")
HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


def problem(call: SignedCall) -> Problem | None:
    """IncompleteSignature when anything stands beside the one signature."""
    in_query = [name for name, values in call.query.items() for _ in values if OF_A_SIGNATURE.fullmatch(name.lower())]
    if call.in_header:
        return _header_problem(call, in_query)
    if len({name.lower() for name in in_query}) < len(in_query):
        return Problem("IncompleteSignature", "AWS query-string parameters must be given once.")
    return _digest_problem(call)


def _header_problem(call: SignedCall, in_query: list[str]) -> Problem | None:
    header = call.headers["authorization"]
    parts = [part.strip() for part in header.partition(" ")[2].split(",")]
    if not all(FIELD.fullmatch(part) for part in parts):
        return Problem("IncompleteSignature", f"Invalid key=value pair in Authorization header: {_hashed(header)}.")
    if sorted(part.partition("=")[0] for part in parts) != sorted(FIELDS):
        return Problem("IncompleteSignature", f"Authorization header requires {', '.join(FIELDS)}: {_hashed(header)}.")
    if in_query:
        return Problem("IncompleteSignature", "Only one of Authorization header and query-string parameters may sign.")
    return _digest_problem(call)


def _digest_problem(call: SignedCall) -> Problem | None:
    if call.algorithm != HMAC or HEX_DIGEST.fullmatch(call.fields["Signature"]):
        return None
    return Problem("SignatureDoesNotMatch", "The signature is not a lower-case hexadecimal SHA-256.")


def _hashed(header: str) -> str:
    digest = base64.b64encode(hashlib.sha256(header.encode()).digest()).decode()
    return f"(hashed with SHA-256 and encoded with Base64): '{digest}'"
