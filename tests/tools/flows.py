"""How many files of chalicelib three flows visit: `python -m tests.tools.flows [CHECKOUT] [--files]`.

The flows: a credential, a Slack click that approves, and a stale role from
report to deletion. Every function runs for real against moto, in a fresh
process. `called` counts the files in which a function was called while the flow
ran (wiring and constructors do not count); `loaded` counts the files that were
imported. docs/architecture.md has the results for this layout and the last one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.tools.flow_account import ACCOUNT, REGION, SIGNING_SECRET, StepFailed, account_of

if TYPE_CHECKING:
    from tests.tools.flow_account import Account, Told

DAYS = {"reported": 100, "warned": 108, "quarantined": 123, "deleted": 154}
"""How far clean-up's clock is ahead when a role that is made now reaches each stage."""

TICK = {
    "version": "0",
    "id": "1",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "time": "2026-11-23T12:00:00Z",
    "account": ACCOUNT,
    "region": REGION,
    "resources": [],
    "detail": {},
}


@dataclass
class Visited:
    """The files that the steps of one flow visited."""

    called: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)

    def add(self, told: Told) -> None:
        """Those of one more step."""
        self.called |= set(told["called"])
        self.loaded |= set(told["loaded"])


def a_credential(account: Account) -> Visited:
    """POST /v1/credentials by an engineer, for a role that the rules give to engineers."""
    account.role("reader", "engineers")
    body = json.dumps({"role": "reader", "reason": "test"})
    visited = Visited()
    visited.add(answered(account, request("/v1/credentials", account.alice, body), 201))
    return visited


def a_slack_click(account: Account) -> Visited:
    """A click on Approve: the webhook, the chat function, and the notice that changes the message in the channel."""
    account.role("prod", "production")
    wanted = json.dumps({"role": "prod", "duration_seconds": 3600, "reason": "test"})
    filed = answered(account, request("/v1/requests", account.alice, wanted), 201)
    request_id = json.loads(filed["answer"]["body"])["id"]
    notify(account, request_id, Visited())
    visited = Visited()
    visited.add(answered(account, click(account, request_id), 200))
    notify(account, request_id, visited)
    return visited


def a_stale_role(account: Account) -> Visited:
    """Four runs of clean-up: the role is reported, warned of, quarantined and deleted."""
    account.role("old", "engineers")
    visited = Visited()
    for stage, days in DAYS.items():
        told = account.take("cleanup", TICK, BROKER_CLEANUP_CLOCK_AHEAD=f"{days}d")
        changes = {one["name"]: one["change"] for one in told["answer"]["result"]["roles"]}
        if changes.get("old") != stage:
            raise StepFailed(f"cleanup, expected {stage}\n{told['answer']}")
        visited.add(told)
    return visited


def answered(account: Account, event: dict[str, Any], status: int) -> Told:
    """A step of the API; StepFailed with its answer where it has another status."""
    told = account.take("api", event)
    if told["answer"]["statusCode"] != status:
        raise StepFailed(f"api, expected {status}\n{told['answer']}")
    return told


def request(path: str, identity: dict[str, str], body: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """API Gateway's Lambda proxy event (REST API, payload 1.0)."""
    return {
        "httpMethod": "POST",
        "path": path,
        "resource": path,
        "pathParameters": None,
        "multiValueQueryStringParameters": None,
        "headers": {"content-type": "application/json", **(headers or {})},
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": body,
        "requestContext": {"resourcePath": path, "httpMethod": "POST", "requestId": "request-1", "identity": identity},
    }


def click(account: Account, request_id: str) -> dict[str, Any]:
    """Bob's click on Approve, signed as Slack signs."""
    payload = {
        "user": {"id": "UBOB", "team_id": "T1"},
        "response_url": f"{account.slack}answers/1",
        "actions": [{"action_id": "approve", "value": request_id}],
    }
    body, stamp = urlencode({"payload": json.dumps(payload)}), str(int(time.time()))
    signature = hmac.new(SIGNING_SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={signature}"}
    return request("/chat/slack/interactions", {"sourceIp": "203.0.113.9"}, body, headers)


def notify(account: Account, request_id: str, visited: Visited) -> None:
    """The request's row through the table's stream to the notify function, and the notice from the queue back to it."""
    keys = {"pk": {"S": f"REQUEST#{request_id}"}, "sk": {"S": "REQUEST"}}
    row = account.client("dynamodb").get_item(TableName="broker", Key=keys)["Item"]
    change = {"Keys": keys, "NewImage": row, "SequenceNumber": "1"}
    once = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
    visited.add(
        account.take("notify", {"Records": [{"eventSource": "aws:dynamodb", "eventID": once, "dynamodb": change}]})
    )
    visited.add(account.take("notify", {"Records": [next_notice(account)]}))


def next_notice(account: Account) -> dict[str, Any]:
    """The oldest message of the queue, as Lambda hands it on."""
    sqs = account.client("sqs")
    [message] = sqs.receive_message(QueueUrl=account.queue, MaxNumberOfMessages=1)["Messages"]
    sqs.delete_message(QueueUrl=account.queue, ReceiptHandle=message["ReceiptHandle"])
    record = {"eventSource": "aws:sqs", "messageId": "1", "receiptHandle": "1", "body": message["Body"]}
    return {**record, "attributes": {"ApproximateReceiveCount": "1"}}


FLOWS = {"a credential": a_credential, "a Slack click that approves": a_slack_click, "a stale role": a_stale_role}


def main() -> None:
    """Print the counts, and with --files the names of the files that were called."""
    checkouts = [argument for argument in sys.argv[1:] if argument != "--files"]
    with account_of(Path(checkouts[0] if checkouts else ".").resolve()) as account:
        for name, flow in FLOWS.items():
            visited = flow(account)
            files = sorted(visited.called) if "--files" in sys.argv else []
            lines = [f"{name}: called {len(visited.called)}, loaded {len(visited.loaded)}", *files]
            sys.stdout.write("\n  ".join(lines) + "\n")


if __name__ == "__main__":
    main()
