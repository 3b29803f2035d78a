"""One signed call of a REST API, as the rules of this folder read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

HMAC = "AWS4-HMAC-SHA256"
"""SigV4. Its asymmetric kin (SigV4a) names no region in the credential scope."""


class Problem(NamedTuple):
    """An error code of AWS and its message."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SignedCall:
    """The request as it arrived.

    Header names are in lower case. A header that was sent twice has its values joined by a comma.
    """

    headers: dict[str, str]
    query: dict[str, list[str]]
    body: bytes
    region: str
    """The region of the API."""

    @property
    def in_header(self) -> bool:
        """True if the signature is in the Authorization header, False if it is in the query."""
        return "authorization" in self.headers

    @property
    def algorithm(self) -> str:
        """The name of the signing algorithm."""
        return self.headers["authorization"].partition(" ")[0] if self.in_header else self._asked("X-Amz-Algorithm")

    @property
    def fields(self) -> dict[str, str]:
        """Credential, SignedHeaders and Signature."""
        if self.in_header:
            parts = self.headers["authorization"].partition(" ")[2].split(",")
            return dict(part.strip().partition("=")[::2] for part in parts)
        return {name: self._asked(f"X-Amz-{name}") for name in ("Credential", "SignedHeaders", "Signature")}

    @property
    def date(self) -> str:
        """The date of X-Amz-Date; empty when the call uses the Date header."""
        return self.headers.get("x-amz-date", "") if self.in_header else self._asked("X-Amz-Date")

    @property
    def signed_headers(self) -> list[str]:
        """The names that the signature covers, as the caller wrote them."""
        return self.fields.get("SignedHeaders", "").split(";")

    def _asked(self, name: str) -> str:
        found: Any = self.query.get(name, [""])
        return str(found[0])
