"""The notify function on moto and the counterpart of Slack: the table's stream in, messages out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer

from chalicelib.approvals.domain.filings import Filings
from chalicelib.approvals.wiring import requests
from localaws.slack import CHANNEL, SlackServer
from tests.adapters.conftest import REGION
from tests.fakes.approval_desk import ALICE, ApprovalDesk
from tests.serving import serving
from tests.wording import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.approvals.domain.requests import Request


class Outside:
    """Slack, another system, and the queue between them and the broker."""

    def __init__(self, server: SlackServer) -> None:
        self.slack = server
        self.sqs = boto3.client("sqs", REGION)
        self.url, self.urgent_url = (
            self.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
            for name in ("notices.fifo", "urgent-notices.fifo")
        )

    def notify(self, event: dict[str, Any]) -> list[str]:
        from app import app  # noqa: F401, PLC0415  needs the environment of `account`
        from chalicelib.chat.handlers.notify_function import notify  # noqa: PLC0415  the same

        return [one["itemIdentifier"] for one in notify(event, None)["batchItemFailures"]]

    def stream(self, *requests: Request, sk: str = "REQUEST") -> list[str]:
        return self.notify({"Records": [record(one, sk) for one in requests]})

    def waiting(self, url: str) -> str:
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return attributes["ApproximateNumberOfMessages"]

    def tell(self, url: str = "") -> int:
        """Take up every notice of a queue once; answers how many were not told."""
        failed, url = 0, url or self.url
        while messages := self.sqs.receive_message(
            QueueUrl=url, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        ).get("Messages"):
            [message] = messages
            taken = {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "eventSource": "aws:sqs",
            }
            if self.notify({"Records": [taken]}):
                failed += 1
            else:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return failed


def record(request: Request, sk: str) -> dict[str, Any]:
    keys = {"pk": {"S": f"REQUEST#{request.id}"}, "sk": {"S": sk}}
    event = {"caller": {"name": "alice"}, "id": request.id, "type": "request", "at": "t", "role": "prod"}
    image = {**keys, "event": TypeSerializer().serialize(json.dumps({**event, "reason": "r", "detail": {}}))}
    change = {"Keys": keys, "NewImage": image, "SequenceNumber": f"{request.version}"}
    return {"eventID": f"{request.id}-{request.version}", "eventSource": "aws:dynamodb", "dynamodb": change}


@pytest.fixture
def outside(account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    with serving(SlackServer()) as server:
        made = Outside(server)
        for name, value in {
            "BROKER_SLACK_API": f"{server.url}/api/",
            "BROKER_SLACK_CHANNEL": CHANNEL,
            "BROKER_WEBHOOK_URL": f"{server.url}/elsewhere",
            "BROKER_WEBHOOK_LOOPBACK": "yes",
            "BROKER_NOTICES_QUEUE_URL": made.url,
            "BROKER_URGENT_NOTICES_QUEUE_URL": made.urgent_url,
        }.items():
            monkeypatch.setenv(name, value)
        ssm = boto3.client("ssm", REGION)
        for name, value in {"slack-bot-token": server.bot_token, "webhook-secret": "s"}.items():
            ssm.put_parameter(Name=f"/access-broker-test/{name}", Value=value, Type="SecureString")
        yield made


@pytest.fixture
def request_row(account: None) -> Request:
    """A request of alice's that is in the table."""
    desk = ApprovalDesk()
    request = desk.file()
    filed = desk.request_decisions.records.filed(request, desk_origin())
    requests().file([(request, filed)], "", Filings("AIDAALICE").adding([request.id], (), request.filed_at))
    return request


def desk_origin() -> Any:
    from tests.fakes.core import origin  # noqa: PLC0415  beside its only use

    return origin(ALICE)


def test_a_request_reaches_slack_and_the_other_system_once_however_often_it_comes(
    outside: Outside, request_row: Request
) -> None:
    assert [outside.stream(request_row) for _ in range(2)] == [[], []]
    assert outside.tell() == 0
    [message] = outside.slack.state.messages.values()
    assert names(message["text"], "alice", "prod", "2h")
    assert len(outside.slack.state.deliveries) == 1


def test_while_they_are_down_notices_wait_and_are_counted(
    outside: Outside, request_row: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    outside.slack.state.down = "500"
    outside.stream(request_row)
    assert outside.tell() == 2
    assert '"NoticeAttempts":[1' in capsys.readouterr().out.replace(" ", "")
    outside.slack.state.down = ""
    assert not outside.slack.state.messages
    assert outside.tell() == 0  # nobody gets them before their wait is over
    waiting = outside.sqs.get_queue_attributes(QueueUrl=outside.url, AttributeNames=["All"])["Attributes"]
    assert waiting["ApproximateNumberOfMessagesNotVisible"] == "2"


def test_rows_that_nobody_hears_of_are_passed_over(outside: Outside, request_row: Request) -> None:
    outside.stream(request_row, sk="ONCE")
    gone = record(request_row, "REQUEST")
    del gone["dynamodb"]["NewImage"]
    outside.notify({"Records": [gone]})
    assert outside.tell() == 0
    assert not outside.slack.state.messages


def cleanup_record(pk: str, sk: str, event: dict[str, Any] | None) -> dict[str, Any]:
    keys = {"pk": {"S": pk}, "sk": {"S": sk}}
    image = {**keys, "event": {"S": json.dumps(event)} if event else {"NULL": True}}
    change = {"Keys": keys, "NewImage": image, "SequenceNumber": "1"}
    return {"eventID": f"{pk}-{sk}-{bool(event)}", "eventSource": "aws:dynamodb", "dynamodb": change}


def test_a_step_of_clean_up_is_told_once_and_a_mark_without_one_never(outside: Outside) -> None:
    detail = {"stage": "warned", "before": "reported", "why": "unused", "owner": "dora", "what_to_do": "Use it."}
    event = {"id": "e1", "type": "cleanup", "at": "t", "caller": {"name": "cleanup"}, "reason": ""}
    told = cleanup_record("CLEANUP#ROLES", "REQUEST", {**event, "role": "REQUEST", "detail": detail})
    untold = cleanup_record("CLEANUP#ROLES", "REQUEST", None)
    template = cleanup_record("ROLE", "REQUEST", {**event, "id": "e2", "role": "REQUEST", "detail": {}})
    for _ in range(2):
        assert outside.notify({"Records": [told, untold, template]}) == []
    assert outside.tell() == 0
    [message] = outside.slack.state.messages.values()
    assert names(json.dumps(message), "REQUEST", "dora", "Use it.")
    assert len(outside.slack.state.deliveries) == 1


def test_broken_glass_has_a_queue_of_its_own_that_no_number_of_requests_fills(
    outside: Outside, request_row: Request
) -> None:
    keys = {"pk": {"S": "SESSION#01"}, "sk": {"S": "REVIEW"}}
    change = {"Keys": keys, "NewImage": keys, "SequenceNumber": "2"}
    broken = {"eventID": "broken", "eventSource": "aws:dynamodb", "dynamodb": change}
    assert outside.notify({"Records": [record(request_row, "REQUEST"), broken]}) == []
    outside.slack.state.down = "500"
    assert [outside.waiting(url) for url in (outside.url, outside.urgent_url)] == ["2", "2"]
    assert outside.tell() == 2
    assert outside.tell(outside.urgent_url) == 0  # that session is gone: nothing to tell
