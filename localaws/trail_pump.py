"""CloudTrail to EventBridge, for the embedded AWS: hands recorded AssumeRole events to the trail function.

On AWS CloudTrail does this itself. Here events do not flow, and PutEvents
refuses sources that begin with `aws.` (as on AWS), so the function is invoked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

ASSUMPTIONS = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")


def pump(cloudtrail: Any, functions: Any, trail_function: str, since: datetime) -> list[str]:
    """Deliver every matching event since then, oldest first; answers the function's verdicts."""
    records = [
        json.loads(event["CloudTrailEvent"]) for name in ASSUMPTIONS for event in _events(cloudtrail, name, since)
    ]
    return [_deliver(functions, trail_function, record) for record in reversed(records) if _matches(record)]


def _events(cloudtrail: Any, name: str, since: datetime) -> list[dict[str, Any]]:
    pages = cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}], StartTime=since
    )
    return [event for page in pages for event in page["Events"]]


def _matches(record: dict[str, Any]) -> bool:
    """What the rule's pattern lets through (chalicelib/audit/handlers/trail_function.py)."""
    role = str((record.get("requestParameters") or {}).get("roleArn", ""))
    return "errorCode" not in record and ":role/access-broker/" in role


def _deliver(functions: Any, trail_function: str, record: dict[str, Any]) -> str:
    event = {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.sts",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }
    answer = functions.invoke(FunctionName=trail_function, Payload=json.dumps(event).encode())
    document = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise RuntimeError(f"The trail function failed: {document.get('errorType')}")
    return str(document["verdict"])
