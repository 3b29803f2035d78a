"""Callers of the deployed API: signed HTTP with boto3's signer, and with curl's."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
    import boto3
    from botocore.credentials import ReadOnlyCredentials

LIMIT_SECONDS = 120
"""Twenty functions starting cold at once share two cores."""


class Document(dict[str, Any]):
    """The members of an answer. Asked for one that is not there, it shows those that are: a problem, mostly."""

    def __missing__(self, member: str) -> None:
        """The error that the failing test shows."""
        raise KeyError(f"no {member!r} in the answer {dict(self)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and document of one call."""

    status: int
    document: Document


def keys_of(session: boto3.Session) -> ReadOnlyCredentials:
    """The session's keys as they are now."""
    credentials = session.get_credentials()
    assert credentials is not None
    return credentials.get_frozen_credentials()


def signed(url: str, credentials: ReadOnlyCredentials, method: str = "GET", body: object = None) -> Answer:
    """Call with botocore's own SigV4 signer."""
    data = json.dumps(body).encode() if body is not None else b""
    request = AWSRequest(method, url, data=data, headers={"content-type": "application/json"})
    SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
    return send(url, method, data, dict(request.headers))


def send(url: str, method: str, data: bytes, headers: dict[str, str]) -> Answer:
    """Plain HTTP, as it is."""
    request = urllib.request.Request(url, data or None, headers, method=method)  # noqa: S310  the embedded AWS
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as response:  # noqa: S310
            return Answer(response.status, Document(json.load(response)))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, Document(json.loads(error.read() or b"{}")))


def curl(url: str, key: str | None, secret: str | None, method: str = "GET", body: object = None) -> Answer:
    """Call with curl's own SigV4 signer; the key goes in by a file, not by the command line."""
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--config",
        "-",
        "--request",
        method,
        "--write-out",
        "\n%{http_code}",
        url,
    ]
    lines = ['aws-sigv4 = "aws:amz:us-east-1:execute-api"', f'user = "{key}:{secret}"']
    if body is not None:
        lines += ['header = "content-type: application/json"', f"data = {json.dumps(json.dumps(body))}"]
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=LIMIT_SECONDS
    )
    text, _, status = done.stdout.rpartition("\n")
    return Answer(int(status), Document(json.loads(text or "{}")))
