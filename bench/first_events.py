"""The first event of each function, and how its answer is known to be right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.canned_answers import ACCOUNT, CALLER, CALLER_ID, ROLE, ROLE_ARN, USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class First:
    """An event, and whether an answer to it is the answer of a function that works."""

    event: Mapping[str, Any]
    answered: Callable[[Any], bool]


CALLER_ARN = f"arn:aws:iam::{ACCOUNT}:user/access-broker/{CALLER}"


def api_event(method: str, path: str, body: object) -> dict[str, Any]:
    """API Gateway's Lambda proxy event (REST API, payload 1.0) of a signed request."""
    identity = {"userArn": CALLER_ARN, "user": CALLER_ID, "caller": CALLER_ID, "sourceIp": "203.0.113.9"}
    return {
        "httpMethod": method,
        "path": path,
        "resource": path,
        "pathParameters": None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": json.dumps(body),
        "requestContext": {
            "resourcePath": path,
            "path": f"/api{path}",
            "httpMethod": method,
            "requestId": "request-1",
            "accountId": ACCOUNT,
            "stage": "api",
            "identity": identity,
        },
    }


CREDENTIALS = api_event("POST", "/v1/credentials", {"role": ROLE, "reason": "deploy the web tier"})

PLAN = {
    "action": "plan_role",
    "template": {
        "name": "bench",
        "description": "Reads one bucket",
        "inline_policy": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bench/*"}],
        },
    },
}

AUDIT_EVENT = {
    "version": 1,
    "id": "01k00000000000000000000000",
    "type": "issue",
    "at": "2026-01-01T00:00:00.000Z",
    "caller": {"name": CALLER, "kind": "user", "arn": CALLER_ARN, "id": CALLER_ID},
    "role": ROLE,
    "session": "01k00000000000000000000000",
    "reason": "",
    "policies": ["engineers-standing"],
    "policy_set": "0" * 64,
    "request_id": "request-1",
    "source_ip": "203.0.113.9",
    "detail": {},
}

STREAM_BATCH = {
    "Records": [
        {
            "eventID": "1",
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/access-broker/stream/1",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "Keys": {"pk": {"S": "EVENT#1"}, "sk": {"S": "EVENT"}},
                "NewImage": {"pk": {"S": "EVENT#1"}, "sk": {"S": "EVENT"}, "event": {"S": json.dumps(AUDIT_EVENT)}},
                "SequenceNumber": "1",
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        },
    ],
}

ASSUMED = {
    "version": "0",
    "id": "1",
    "account": ACCOUNT,
    "region": "us-east-1",
    "time": "2026-01-01T00:00:00Z",
    "resources": [],
    "source": "aws.sts",
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {
        "eventID": "6f2f9a1e-0000-4000-8000-000000000000",
        "eventTime": "2026-01-01T00:00:00Z",
        "requestParameters": {"roleArn": ROLE_ARN, "roleSessionName": "by-hand"},
        "userIdentity": {"type": "IAMUser", "arn": CALLER_ARN, "accountId": ACCOUNT, "principalId": CALLER_ID},
    },
}

TICK = {
    "version": "0",
    "id": "1",
    "account": ACCOUNT,
    "region": "us-east-1",
    "time": "2026-01-01T00:00:00Z",
    "resources": [],
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "detail": {},
}

REHEARSAL = {**TICK, "detail": {"dry_run": True}}

REQUEST_KEYS = {"pk": {"S": "REQUEST#01k00000000000000000000000"}, "sk": {"S": "REQUEST"}}

FILED = {
    "Records": [
        {
            **STREAM_BATCH["Records"][0],
            "dynamodb": {
                "Keys": REQUEST_KEYS,
                "NewImage": {**REQUEST_KEYS, "event": {"S": json.dumps({**AUDIT_EVENT, "type": "request"})}},
                "SequenceNumber": "1",
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        },
    ],
}

REPLAYED = {"id": "replayed", "kind": "command", "body": "", "request_id": "request-1"}
"""A visit that was taken up before: the canned table refuses its row."""

FIRST = {
    "app.app": First(CREDENTIALS, lambda answer: answer["statusCode"] == 201),  # noqa: PLR2004  HTTP's Created
    "chalicelib.provisioning.handlers.function.provision": First(PLAN, lambda answer: answer["ok"]),
    "chalicelib.audit.handlers.function.audit": First(STREAM_BATCH, lambda answer: answer == {"batchItemFailures": []}),
    "chalicelib.chat.handlers.function.chat": First(REPLAYED, lambda answer: answer is None),
    "chalicelib.chat.handlers.notify_function.notify": First(FILED, lambda answer: answer == {"batchItemFailures": []}),
    "chalicelib.audit.handlers.trail_function.trail": First(ASSUMED, lambda answer: answer == {"verdict": "bypass"}),
    "chalicelib.sessions.handlers.expire_function.expire": First(
        TICK, lambda answer: answer == {"requests": 0, "grants": 0, "unreviewed": 0}
    ),
    "chalicelib.directory.handlers.function.directory": First(TICK, lambda answer: answer["callers"] == USERS),
    "chalicelib.cleanup.handlers.function.cleanup": First(
        REHEARSAL, lambda answer: answer["ok"] and not answer["result"]["users"]
    ),
}
"""By the handler's name in the template."""
