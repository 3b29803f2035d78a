"""The audit function on moto: its log group and queue, and what a stream would hand it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.core.domain.events import AuditEvent, to_json
from chalicelib.core.domain.ids import new_id
from tests.adapters.conftest import REGION
from tests.fakes.core import NOW, origin

if TYPE_CHECKING:
    from collections.abc import Iterable

GROUP = "/access-broker-test/audit"


class AuditDesk:
    """The function's surroundings; `deliver` calls it as Lambda does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logs, self.sqs = boto3.client("logs", REGION), boto3.client("sqs", REGION)
        self.logs.create_log_group(logGroupName=GROUP)
        self.queue = self.sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
        monkeypatch.setenv("BROKER_AUDIT_LOG_GROUP", GROUP)
        monkeypatch.setenv("BROKER_DEAD_LETTER_QUEUE_URL", self.queue)

    def deliver(self, records: Iterable[dict[str, Any]]) -> dict[str, Any]:
        from chalicelib.audit.handlers.function import audit  # noqa: PLC0415  needs the environment above

        answer: dict[str, Any] = audit({"Records": list(records)}, None)
        return answer

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(event["message"]) for event in self.logs.filter_log_events(logGroupName=GROUP)["events"]]

    def dead_letters(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def stream(self) -> list[dict[str, Any]]:
        """What the table's stream holds from its beginning on."""
        streams = boto3.client("dynamodbstreams", REGION)
        arn = streams.list_streams(TableName="broker")["Streams"][0]["StreamArn"]
        shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found: list[Any] = []
        for shard in shards:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            found += streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        return found


@pytest.fixture
def desk(account: None, monkeypatch: pytest.MonkeyPatch) -> AuditDesk:
    return AuditDesk(monkeypatch)


def event_text(number: int, kind: str = "issue") -> str:
    return to_json(AuditEvent(new_id(NOW, number.to_bytes(10, "big")), kind, NOW, origin()))


def record(sequence: int, new: str | None, old: str | None = None, name: str = "INSERT") -> dict[str, Any]:
    """A stream record of a row whose `event` changed from `old` to `new`."""
    images = {
        image: {"pk": {"S": "x"}, **({"event": {"S": text}} if text else {})}
        for image, text in (("NewImage", new), ("OldImage", old))
        if text is not None
    }
    return {"eventName": name, "dynamodb": {"SequenceNumber": str(sequence), **images}}
