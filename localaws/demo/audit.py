"""The audit log: one event for each issue and each refusal."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from localaws.demo import brokered, refused

if TYPE_CHECKING:
    from localaws.demo.stage import Stage

ARRIVES_WITHIN_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.2
TOLD = ("type", "at", "role", "reason", "policies", "session")
EXPECTED = [("issue", "alice", brokered.REASON), ("refuse", "carol", refused.REASON)]


def every_issue_and_refusal_left_its_record(stage: Stage) -> None:
    """Read the audit log group back with boto3."""
    stage.open("The audit log: one event for the issue and one for the refusal")
    group = stage.broker.outputs["AuditLogGroup"]
    stage.say(f"Read from the CloudWatch log group {group}:")
    events = _wait_for_events(stage, group)
    for event in events:
        told = {"caller": event["caller"]["name"]} | {name: event[name] for name in TOLD}
        stage.show(json.dumps(told))
    found = sorted((event["type"], event["caller"]["name"], event["reason"]) for event in events)
    stage.expect("exactly one event each", true=found == EXPECTED, answer=json.dumps(found))
    issued = next(event for event in events if event["type"] == "issue")
    stage.expect("the session's id in its event", true=issued["session"] == stage.session["id"], answer=str(issued))


def _wait_for_events(stage: Stage, group: str) -> list[dict[str, Any]]:
    """The stream delivers within seconds."""
    logs = stage.broker.session_for("admin").client("logs")
    deadline = time.monotonic() + ARRIVES_WITHIN_SECONDS
    events: list[dict[str, Any]] = []
    while len(events) < len(EXPECTED) and time.monotonic() < deadline:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
        events = [line for line in lines if line["type"] in {"issue", "refuse"}]
        time.sleep(LOOK_AGAIN_SECONDS)
    return events
