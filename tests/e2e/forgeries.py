"""Requests whose signature does not fit, made from every shape of request in botocore's published SigV4 test cases.

botocore, tests/unit/auth/aws4_testsuite: order and repetition of query
parameters and headers, white space, unreserved and non-ASCII characters,
session tokens signed and unsigned. Here the shapes are calls of the broker.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.unit.localaws.signing import Message, Signing, presigned, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = ("Content-Type", "application/json")
TAKE = b'{"role": "ec2-full"}'
MEANWHILE = b'{"role": "ec2-read"}'
EMPTY = hashlib.sha256(b"").hexdigest()
AUTHORIZATION = "Authorization"


@dataclass(frozen=True, slots=True)
class Callers:
    """Whose keys sign, and whose they pretend to be."""

    alice: Signing
    bob: Signing
    session: Signing
    """Of a role, so with a session token."""


def shapes(host: str, path: str) -> dict[str, Message]:
    """Well-formed requests by the name of the test case that they follow."""
    start = (("Host", host),)
    repeated = (("X-One", "b"), ("X-One", "a"), ("X-Two", "  white   space  "))
    return {
        "vanilla": Message("GET", f"{path}/v1/whoami", start),
        "query-order": Message("GET", f"{path}/v1/roles?limit=2&a=1&A=2", start),
        "query-repeated-and-empty": Message("GET", f"{path}/v1/sessions?state=&state=active", start),
        "utf8-and-unreserved": Message("GET", f"{path}/v1/roles/%E1%88%B4-_.~%20x", start),
        "headers-repeated-and-trimmed": Message("GET", f"{path}/v1/whoami", start + repeated),
        "post": Message("POST", f"{path}/v1/credentials", (*start, JSON), TAKE),
        "post-with-query": Message("POST", f"{path}/v1/explain?b=1&a=%2F", (*start, JSON), TAKE),
    }


def forged(host: str, path: str, callers: Callers) -> Iterator[tuple[str, Message]]:
    """Every forgery by its name."""
    every = shapes(host, path)
    for name, shape in every.items():
        for trick, make in {**SIGNED_WRONGLY, **CHANGED_LATER, **(WITH_A_BODY if shape.body else {})}.items():
            yield f"{trick}, {name}", make(shape, callers)
    for trick, make in ON_ONE_SHAPE.items():
        yield trick, make(every["vanilla"], callers)


def _by(**parts: object) -> Callable[[Message, Callers], Message]:
    """Signed by alice with these parts of the signing wrong."""
    return lambda message, callers: signed(message, replace(callers.alice, **parts))  # type: ignore[arg-type]


def _after(change: Callable[[Message], Message]) -> Callable[[Message, Callers], Message]:
    """Signed well by alice, and changed on the way."""
    return lambda message, callers: change(signed(message, callers.alice))


def _header(change: Callable[[str], str]) -> Callable[[Message, Callers], Message]:
    """Signed well by alice, with another text in the Authorization header."""
    return _after(lambda message: message.changed(AUTHORIZATION, change(message.value(AUTHORIZATION))))


def _at(minutes: int) -> Callable[[Message, Callers], Message]:
    then = timedelta(minutes=minutes)
    return lambda message, callers: signed(message, replace(callers.alice, when=datetime.now(UTC) + then))


def _session(**parts: object) -> Callable[[Message, Callers], Message]:
    """Signed by the role session with these parts of the signing wrong."""
    return lambda message, callers: signed(message, replace(callers.session, **parts))  # type: ignore[arg-type]


def _other(query: str) -> Callable[[Message], Message]:
    return lambda message: replace(message, target=f"{message.target}{'&' if '?' in message.target else '?'}{query}")


def _presigned(change: Callable[[Message], Message], **parts: object) -> Callable[[Message, Callers], Message]:
    return lambda message, callers: change(presigned(message, replace(callers.alice, **parts)))  # type: ignore[arg-type]


SIGNED_WRONGLY = {
    "the secret is guessed": _by(secret="guessed"),
    "Host is not signed": _by(unsigned=("host",)),
    "the date is not signed": _by(unsigned=("x-amz-date",)),
    "the token is not signed": _session(unsigned=("x-amz-security-token",)),
    "the scope is of STS": _by(service="sts"),
    "the scope is of another region": _by(region="eu-central-1"),
    "the payload is called unsigned": lambda message, callers: signed(
        message.with_header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
        replace(callers.alice, payload="UNSIGNED-PAYLOAD"),
    ),
    "it is six minutes old": _at(-6),
}
CHANGED_LATER = {
    "the method is another one": _after(lambda message: replace(message, method="DELETE")),
    "a query parameter is added": _after(_other("limit=100")),
    "another caller's key id is written in": lambda message, callers: signed(message, callers.alice).changed(
        AUTHORIZATION, signed(message, callers.alice).value(AUTHORIZATION).replace(callers.alice.key, callers.bob.key)
    ),
    "a field stands beside the signature": _header(lambda header: f"{header}, Extra=1"),
    "a digit of the signature is another one": _header(
        lambda header: header[:-1] + ("0" if header[-1] != "0" else "1")
    ),
}
WITH_A_BODY = {
    "the body is another one": _after(lambda message: replace(message, body=MEANWHILE)),
    "the hash is of another body": lambda message, callers: replace(
        signed(
            replace(message, body=MEANWHILE).with_header("X-Amz-Content-Sha256", hashlib.sha256(MEANWHILE).hexdigest()),
            callers.alice,
        ),
        body=TAKE,
    ),
    "the type of the body is not signed": _by(unsigned=("content-type",)),
}
ON_ONE_SHAPE = {
    "nothing is signed": lambda message, _callers: message,
    "a bearer token": lambda message, _callers: message.with_header(AUTHORIZATION, "Bearer eyJhbGciOiJub25lIn0.e30."),
    "a SigV2 header": lambda message, callers: message.with_header(AUTHORIZATION, f"AWS {callers.alice.key}:c2lnbmVk"),
    "the key is unknown": _by(key="AKIAUNKNOWN000000000"),
    "the root's key and a guess": _by(key="test", secret="guessed"),
    "the account's number as key": _by(key="000000000000", secret="guessed"),
    "the token is left out": _session(token=None),
    "the token is another one": _session(token="FwoGZXIvYXdzEXAMPLE"),
    "a token with a long-term key": _by(token="FwoGZXIvYXdzEXAMPLE"),
    "a body is added": _after(lambda message: replace(message.with_header(*JSON), body=TAKE)),
    "the path is another one": _after(
        lambda message: replace(message, target=message.target.replace("whoami", "roles"))
    ),
    "the host is another one": _after(lambda message: message.changed("host", "broker.example.com")),
    "the date is later": _after(lambda message: message.changed("x-amz-date", _in(timedelta(minutes=1)))),
    "the date is left out": _after(lambda message: message.changed("x-amz-date", None)),
    "the date is no date": _by(date="20260230T250000Z"),
    "the date has no time": _by(date="20260101"),
    "it is of yesterday": _at(-24 * 60),
    "it is of next week": _at(7 * 24 * 60),
    "the scope has the date of yesterday": _header(
        lambda header: header.replace(_in(timedelta())[:8], _in(timedelta(days=-1))[:8])
    ),
    "the scope is of S3": _by(service="s3"),
    "the scope is of API Gateway's own API": _by(service="apigateway"),
    "the scope has no region": _by(region=""),
    "the terminator is another one": _by(terminator="aws3_request"),
    "another terminator is written in": _header(lambda header: header.replace("aws4_request", "aws5_request")),
    "the payload is a stream": lambda message, callers: signed(
        message.with_header("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        replace(callers.alice, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    ),
    "an Amz header is added": _after(lambda message: message.with_header("X-Amz-Target", "DynamoDB.ListTables")),
    "a signed header is named and not sent": _header(
        lambda header: header.replace("SignedHeaders=host", "SignedHeaders=accept;host")
    ),
    "no header is signed": _header(lambda header: header.replace("SignedHeaders=host;x-amz-date", "SignedHeaders=")),
    "the algorithm is another one": _header(lambda header: header.replace("HMAC-SHA256", "HMAC-SHA1")),
    "the algorithm is asymmetric": _header(lambda header: header.replace("HMAC-SHA256", "ECDSA-P256-SHA256")),
    "the algorithm is in lower case": _header(lambda header: header.replace("AWS4-HMAC", "aws4-hmac")),
    "the signature is cut short": _header(lambda header: header[:-8]),
    "the signature is in capitals": _header(lambda header: header[:-64] + header[-64:].upper()),
    "the signature is empty": _header(lambda header: header[:-64]),
    "there are two signatures": _header(lambda header: f"{header}, Signature={'0' * 64}"),
    "there are two credentials": _header(
        lambda header: header.replace("Credential=", "Credential=AKIAX/1/2/3/4, Credential=")
    ),
    "there are two headers": lambda message, callers: signed(message, callers.alice).with_header(
        AUTHORIZATION, signed(message, callers.bob).value(AUTHORIZATION)
    ),
    "the fields are parted by semicolons": _header(lambda header: header.replace(", ", "; ")),
    "header and query both sign": lambda message, callers: signed(presigned(message, callers.bob), callers.alice),
    "a presigned query parameter is added": _presigned(_other("limit=100")),
    "a presigned signature is sent twice": _presigned(_other("X-Amz-Signature=" + "0" * 64)),
    "a presigned date is later": _presigned(
        lambda message: replace(message, target=message.target.replace("X-Amz-Date=2", "X-Amz-Date=3"))
    ),
    "a presigned call lives longer": _presigned(
        lambda message: replace(message, target=message.target.replace("Expires=60", "Expires=604800"))
    ),
    "a presigned call is old": _presigned(lambda message: message, date="20260101T000000Z"),
    "a presigned call is of S3": _presigned(lambda message: message, service="s3"),
    "a presigned call does not sign Host": _presigned(lambda message: message, unsigned=("host",)),
    "a presigned call gets an Amz header": _presigned(lambda message: message.with_header("X-Amz-Meta", "later")),
    "a double slash before the path": _after(
        lambda message: replace(message, target=message.target.replace("/v1/", "//v1/"))
    ),
}


def _in(time: timedelta) -> str:
    return (datetime.now(UTC) + time).strftime("%Y%m%dT%H%M%SZ")
