"""The dead-letter queue on moto: a record is kept whatever is in it."""

from __future__ import annotations

import json

import boto3
import pytest

from chalicelib.audit.aws.dead_letters import MAX_TEXT, SqsDeadLetters
from chalicelib.core.aws.clients import client


@pytest.mark.parametrize("character", ["x", '"', "é", "😀", "\x00"])
@pytest.mark.usefixtures("account")
def test_of_a_long_record_as_much_is_kept_as_a_message_holds(character: str) -> None:
    url = boto3.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    SqsDeadLetters(client("sqs"), url).park("7", character * 400_000, "no event")
    [message] = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    kept = json.loads(message["Body"])["text"]
    assert set(kept) == {character}
    assert MAX_TEXT - 12 < len(json.dumps(kept)) <= MAX_TEXT
    assert len(message["Body"]) < 256 * 1024


@pytest.mark.parametrize("text", ["", "{poison", "é"])
@pytest.mark.usefixtures("account")
def test_a_short_record_is_kept_whole(text: str) -> None:
    url = boto3.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    SqsDeadLetters(client("sqs"), url).park("7", text, "no event")
    [message] = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["text"] == text
