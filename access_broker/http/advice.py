"""An answer that is not a success, turned into the sentence a person needs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from access_broker.failures import ApprovalRequired, Failure, Misused, NotFound, NotSignedIn, Refused, Unavailable

if TYPE_CHECKING:
    from access_broker.http.transport import Answer

KINDS: dict[str, type[Failure]] = {
    "approval_required": ApprovalRequired,
    "not_found": NotFound,
    "invalid_request": Misused,
    "body_too_large": Misused,
    "too_many_requests": Unavailable,
    "audit_unavailable": Unavailable,
    "aws_unavailable": Unavailable,
    "internal_error": Unavailable,
}
"""Problem codes of docs/api.md that are more than a plain refusal."""

HINTS = {"reason_required": "Say why with --reason TEXT."}

AWS_HINTS = {
    "PackedPolicyTooLarge": "AWS packs the session's tags and policy into one space, and they do not fit: give fewer "
    "or shorter --tag, or a smaller --policy. Trying again does not help.",
    "MalformedPolicyDocument": "AWS cannot read the session policy: check --policy.",
    "RegionDisabledException": "STS is switched off in the broker's region for this account: ask the broker's owner.",
}
"""Codes of AWS that a person can do something about."""

UNFIT = " does not fit; see fields."
"""The end of the broker's sentence about fields: each of them follows, with its option."""

UNAUTHORIZED = "is not authorized to perform: execute-api:Invoke"

GATEWAY: tuple[tuple[str, type[Failure], str], ...] = (
    ("token included in the request is expired", NotSignedIn, "Your AWS credentials have expired: sign in again."),
    (
        "token included in the request is invalid",
        NotSignedIn,
        "AWS does not know your access key: it was deleted or belongs elsewhere; check --profile.",
    ),
    (
        "Credential should be scoped to a valid region",
        Misused,
        "The request was signed for the wrong region: pass --region with the one the broker runs in.",
    ),
    (
        "signature we calculated does not match",
        NotSignedIn,
        "AWS does not accept your signature: the secret key does not fit the access key; check --profile.",
    ),
    (
        UNAUTHORIZED,
        Refused,
        "The broker's API does not admit you: ask its owner whether your account is allowed and nothing denies you.",
    ),
)
"""Messages of API Gateway before the broker runs (a part of each), and the advice for each."""

WRONG_ADDRESS = (
    "This is not the broker's address, or the broker there is older than this command: "
    "check --url or BROKER_URL (API id, region and stage)."
)


def failure(answer: Answer, now: datetime) -> Failure:
    """The failure an answer stands for."""
    document = _document(answer)
    if "code" in document:
        return _problem(document)
    message = str(document.get("message") or document.get("Message") or "")
    if message.startswith(("Signature expired", "Signature not yet current")):
        return NotSignedIn(_skew(answer, now))
    for part, kind, sentence in GATEWAY:
        if part in message:
            return kind(sentence)
    return _by_status(answer.status)


def wants_mfa(answer: Answer) -> bool:
    """True if the broker would do it for a caller with MFA."""
    return _document(answer).get("code") == "mfa_required"


def devices_of(answer: Answer) -> list[str]:
    """The caller's MFA devices, as the broker knows them."""
    devices = _document(answer).get("devices")
    return [str(one) for one in devices] if isinstance(devices, list) else []


def not_admitted(answer: Answer) -> bool:
    """True if API Gateway, not the broker, refused: under /mfa, for want of recent MFA."""
    return answer.status == 403 and "code" not in _document(answer)  # noqa: PLR2004  Forbidden


def _document(answer: Answer) -> dict[str, Any]:
    try:
        document = json.loads(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _problem(document: dict[str, Any]) -> Failure:
    """RFC 9457 with the members of docs/api.md."""
    code = str(document["code"])
    fields = document.get("fields")
    detail = str(document.get("detail") or document.get("title") or code)
    words = ["That does not fit:" if fields and detail.endswith(UNFIT) else detail]
    if aws_code := document.get("aws_code"):
        words.append(f"(AWS: {aws_code})")
    if hint := HINTS.get(code) or AWS_HINTS.get(str(aws_code)):
        words.append(hint)
    kind = KINDS.get(code, Refused)
    if kind is Unavailable and document.get("request_id"):
        words.append(f"Its request id is {document['request_id']}.")
    return kind(" ".join(words), fields if isinstance(fields, dict) else None)


def _skew(answer: Answer, now: datetime) -> str:
    """The minutes by which the clock is wrong, from the Date header of the answer that complains."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return "This computer's clock is wrong by more than five minutes: set it and try again."
    minutes = round((now - theirs).total_seconds() / 60)
    direction = "fast" if minutes > 0 else "slow"
    return f"This computer's clock is {abs(minutes)} minutes {direction}: set it by the network and try again."


def _by_status(status: int) -> Failure:
    if status == 429:  # noqa: PLR2004  Too Many Requests
        return Unavailable("The broker is being asked too often: wait a minute and try again.")
    if status == 407:  # noqa: PLR2004  Proxy Authentication Required
        return Unavailable("The proxy wants a name and a password: put them into HTTPS_PROXY (http://name:password@…).")
    if status >= 500:  # noqa: PLR2004  any server error
        return Unavailable(f"The broker is not working just now (HTTP {status}): try again in a minute.")
    return Misused(WRONG_ADDRESS)
