"""One CloudTrail event of one request, as AWS would write it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from ministack.services import cloudtrail, iam, sts

from localaws.parity.policies.principals import role_of_session

READS = ("Get", "List", "Describe", "Head", "Lookup", "Simulate", "AssumeRole")
"""CloudTrail counts AssumeRole among the read-only events."""
ERROR_CODE = re.compile(r'<Code>([\w.]+)</Code>|"__type":\s*"(?:[^"#]*#)?(\w+)"')
ERROR_MESSAGE = re.compile(r'<Message>(.*?)</Message>|"[mM]essage":\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
ASSUMED = {
    "accessKeyId": re.compile(r"<AccessKeyId>(\w+)<"),
    "arn": re.compile(r"<Arn>([^<]+)<"),
    "assumedRoleId": re.compile(r"<AssumedRoleId>([^<]+)<"),
    "expiration": re.compile(r"<Expiration>([^<]+)<"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """The facts about a request that the recorder has after the answer."""

    event_id: str
    request_id: str
    time: datetime
    action: str
    region: str
    source_ip: str
    user_agent: str
    params: dict[str, Any]
    status: int
    answer: str


def event(request: Request, caller: Any) -> dict[str, Any]:
    """The record; `caller` is ministack's resolved credential."""
    service, _, name = request.action.partition(":")
    source = "monitoring" if service == "cloudwatch" else service
    return {
        "eventVersion": "1.11",
        "userIdentity": user_identity(caller),
        "eventTime": _text(request.time),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": request.region,
        "sourceIPAddress": request.source_ip,
        "userAgent": request.user_agent,
        **_error(request),
        "requestParameters": _parameters(request.params),
        "responseElements": _response(request),
        "requestID": request.request_id,
        "eventID": request.event_id,
        "readOnly": name.startswith(READS),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": caller.account_id,
        "eventCategory": "Management",
    }


def owner_of_role(request: Request) -> str | None:
    """The account of the role that a successful AssumeRole took."""
    if request.action != "sts:AssumeRole" or request.status >= HTTPStatus.BAD_REQUEST:
        return None
    return str(iam._p(request.params, "RoleArn")).split(":")[4]


def as_seen_by(written: dict[str, Any], account: str) -> dict[str, Any]:
    """The event of AssumeRole in the account of the role, when a principal of another account called it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
    """
    caller = written["userIdentity"]
    identity = {"type": "AWSAccount", "principalId": caller["principalId"], "accountId": caller["accountId"]}
    own = {"eventID": str(uuid4()), "sharedEventID": written["eventID"], "recipientAccountId": account}
    return written | own | {"userIdentity": identity}


def user_identity(caller: Any) -> dict[str, Any]:
    """The caller: a user with its name, or a role session with its role and source identity."""
    identity = {
        "type": "IAMUser" if caller.principal_type == "User" else caller.principal_type,
        "principalId": caller.principal_id,
        "arn": caller.principal_arn,
        "accountId": caller.account_id,
        "accessKeyId": caller.access_key_id,
    }
    if caller.principal_type == "User":
        own = {"sessionContext": {"attributes": _attributes(caller)}} if caller.session_token else {}
        return identity | {"userName": caller.principal_name} | own
    return identity | ({"sessionContext": _session_context(caller)} if caller.principal_type == "AssumedRole" else {})


def _session_context(caller: Any) -> dict[str, Any]:
    role = role_of_session(caller.principal_arn, caller.account_id) or {}
    session = sts._sessions.get(caller.access_key_id) or {}
    stamped = session.get("SourceIdentity")
    return {
        "sessionIssuer": {
            "type": "Role",
            "principalId": role.get("RoleId"),
            "arn": role.get("Arn"),
            "accountId": caller.account_id,
            "userName": role.get("RoleName"),
        },
        "attributes": _attributes(caller),
        **({"sourceIdentity": stamped} if stamped else {}),
    }


def _attributes(caller: Any) -> dict[str, str]:
    """The time the session began, and `mfaAuthenticated`."""
    session = sts._sessions.get(caller.access_key_id) or {}
    return {
        "creationDate": _text(datetime.fromtimestamp(session.get("IssuedAt", 0), UTC)),
        "mfaAuthenticated": "true" if session.get("MfaAt") else "false",
    }


def _error(request: Request) -> dict[str, str]:
    if request.status < HTTPStatus.BAD_REQUEST:
        return {}
    code, message = ERROR_CODE.search(request.answer), ERROR_MESSAGE.search(request.answer)
    return {
        "errorCode": next(filter(None, code.groups()), "") if code else str(request.status),
        "errorMessage": unescape(next(filter(None, message.groups()), "")) if message else "",
    }


def _parameters(params: dict[str, Any]) -> dict[str, Any]:
    """CloudTrail writes parameter names with a small first letter and hides secrets."""
    shown = {name: value for name, value in params.items() if name not in {"Action", "Version"}}
    return {name[:1].lower() + name[1:]: value for name, value in cloudtrail._scrub(shown).items()}


def _response(request: Request) -> dict[str, Any] | None:
    """Keeps the answer of AssumeRole only: it links the new session to the caller."""
    if request.action != "sts:AssumeRole" or request.status >= HTTPStatus.BAD_REQUEST:
        return None
    found = {name: match[1] for name, pattern in ASSUMED.items() if (match := pattern.search(request.answer))}
    return {
        "credentials": {"accessKeyId": found["accessKeyId"], "expiration": found["expiration"]},
        "assumedRoleUser": {"assumedRoleId": found["assumedRoleId"], "arn": found["arn"]},
        **({"sourceIdentity": stamp} if (stamp := iam._p(request.params, "SourceIdentity")) else {}),
    }


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
