"""An independent SigV4 signer that can also sign wrongly, and a sender of requests exactly as they are.

Written from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.credentials import ReadOnlyCredentials

LIMIT_SECONDS = 60
UNRESERVED = "-_.~"
AMZ_DATE = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP request, as it goes over the wire."""

    method: str
    target: str
    """The path and the query, percent-encoded."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def with_header(self, name: str, value: str) -> Message:
        """The same with one header line more."""
        return replace(self, headers=(*self.headers, (name, value)))

    def changed(self, name: str, value: str | None) -> Message:
        """The same with every line of this header changed, or taken out."""
        lines = ((one, value if one.lower() == name.lower() else old) for one, old in self.headers)
        return replace(self, headers=tuple((one, new) for one, new in lines if new is not None))

    def value(self, name: str) -> str:
        """The first line of this header."""
        return next(value for one, value in self.headers if one.lower() == name.lower())


@dataclass(frozen=True, slots=True)
class Signing:
    """The parts of a signature. Each can be chosen, so that it can be wrong."""

    key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    service: str = "execute-api"
    region: str = "us-east-1"
    terminator: str = "aws4_request"
    when: datetime | None = None
    date: str | None = None
    """The text of X-Amz-Date, when it is not that of `when`."""
    payload: str | None = None
    """The text that stands for the hash of the body."""
    unsigned: tuple[str, ...] = ()
    """Headers that the message carries and the signature leaves out."""

    @classmethod
    def of(cls, keys: ReadOnlyCredentials) -> Signing:
        """As this caller signs."""
        return cls(str(keys.access_key), str(keys.secret_key), keys.token)

    @property
    def amz_date(self) -> str:
        """The text of X-Amz-Date."""
        return self.date or (self.when or datetime.now(UTC)).strftime(AMZ_DATE)

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.amz_date[:8]}/{self.region}/{self.service}/{self.terminator}"


def signed(message: Message, signing: Signing) -> Message:
    """The message with X-Amz-Date, the session token and the Authorization header."""
    amz_date = signing.amz_date
    dated = message.with_header("X-Amz-Date", amz_date)
    if signing.token:
        dated = dated.with_header("X-Amz-Security-Token", signing.token)
    covered = sorted({name.lower() for name, _ in dated.headers} - set(signing.unsigned))
    signature = signature_of(dated, replace(signing, date=amz_date), covered)
    return dated.with_header(
        "Authorization",
        f"AWS4-HMAC-SHA256 Credential={signing.key}/{replace(signing, date=amz_date).scope}, "
        f"SignedHeaders={';'.join(covered)}, Signature={signature}",
    )


def presigned(message: Message, signing: Signing, expires: int = 60) -> Message:
    """The message with the signature in its query."""
    signing = replace(signing, date=signing.amz_date)
    covered = sorted({name.lower() for name, _ in message.headers} - set(signing.unsigned))
    asked = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{signing.key}/{signing.scope}",
        "X-Amz-Date": signing.amz_date,
        "X-Amz-Expires": str(expires),
        **({"X-Amz-Security-Token": signing.token} if signing.token else {}),
        "X-Amz-SignedHeaders": ";".join(covered),
    }
    query = "&".join(f"{name}={quote(value, UNRESERVED)}" for name, value in asked.items())
    joined = replace(message, target=f"{message.target}{'&' if '?' in message.target else '?'}{query}")
    return replace(joined, target=f"{joined.target}&X-Amz-Signature={signature_of(joined, signing, covered)}")


def signature_of(message: Message, signing: Signing, covered: Iterable[str]) -> str:
    """The signature in hexadecimal."""
    covered = list(covered)
    path, _, query = message.target.partition("?")
    canonical = "\n".join(
        [
            message.method,
            quote(_without_dots(path), UNRESERVED + "/"),
            _canonical_query(query),
            *(f"{name}:{_canonical_value(message, name)}" for name in covered),
            "",
            ";".join(covered),
            signing.payload or hashlib.sha256(message.body).hexdigest(),
        ]
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{signing.amz_date}\n{signing.scope}\n{hashed}"
    key = f"AWS4{signing.secret}".encode()
    for part in signing.scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, to_sign).hex()


def send(endpoint_url: str, message: Message) -> tuple[int, dict[str, Any]]:
    """Status and document of the answer. The lines go out as they are: nothing is added, merged or ordered."""
    where = urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=LIMIT_SECONDS)
    try:
        connection.putrequest(message.method, message.target, skip_host=True, skip_accept_encoding=True)
        for name, value in message.headers:
            connection.putheader(name, value.encode())
        if message.body:
            connection.putheader("Content-Length", str(len(message.body)))
        connection.endheaders(message.body or None)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    return answer.status, _document(text)


def _document(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {"text": text.decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {"document": found}


def _canonical_value(message: Message, name: str) -> str:
    values = [" ".join(value.split()) for one, value in message.headers if one.lower() == name]
    return ",".join(values)


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs))


def _encoded(text: str) -> str:
    return quote(unquote(text), UNRESERVED)


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
