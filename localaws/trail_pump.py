"""CloudTrail to EventBridge, for the embedded AWS: gives recorded events to the event buses of their accounts.

On AWS CloudTrail does this itself. localaws/accounts/event_bus.py is the
counterpart of EventBridge.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from localaws.accounts.event_bus import Buses, Delivery

ASSUMPTIONS = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
SOURCES = ("sts.amazonaws.com", "iam.amazonaws.com")
"""The services whose events are carried."""


def carry(buses: Buses, since: datetime, accounts: Iterable[str] | None = None) -> list[Delivery]:
    """Give every event of STS and IAM since then to the bus of its account; answers where they arrived."""
    deliveries = []
    for account in accounts or buses.clients:
        records = [record for source in SOURCES for record in _recorded(buses.clients[account], source, since)]
        for record in sorted(records, key=lambda record: str(record["eventTime"])):
            deliveries += buses.deliver(in_eventbridge_form(record), account)
    return deliveries


def in_eventbridge_form(record: dict[str, Any]) -> dict[str, Any]:
    """The event that EventBridge makes of a CloudTrail record."""
    return {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def pump(cloudtrail: Any, functions: Any, trail_function: str, since: datetime) -> list[str]:
    """Give every successful AssumeRole of a brokered role since then straight to the trail function; its verdicts."""
    records = [
        record
        for name in ASSUMPTIONS
        for record in _looked_up(cloudtrail, "EventName", name, since)
        if _matches(record)
    ]
    return [_deliver(functions, trail_function, record) for record in reversed(records)]


def _recorded(client: Any, source: str, since: datetime) -> list[dict[str, Any]]:
    return _looked_up(client("cloudtrail"), "EventSource", source, since)


def _looked_up(cloudtrail: Any, key: str, value: str, since: datetime) -> list[dict[str, Any]]:
    pages = cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}], StartTime=since
    )
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def _matches(record: dict[str, Any]) -> bool:
    """True if the pattern of the rule matches (chalicelib/audit/handlers/trail_function.py)."""
    role = str((record.get("requestParameters") or {}).get("roleArn", ""))
    return "errorCode" not in record and ":role/access-broker/" in role


def _deliver(functions: Any, trail_function: str, record: dict[str, Any]) -> str:
    event = json.dumps(in_eventbridge_form(record))
    answer = functions.invoke(FunctionName=trail_function, Payload=event.encode())
    document = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise RuntimeError(f"The trail function failed: {document.get('errorType')}")
    return str(document["verdict"])
