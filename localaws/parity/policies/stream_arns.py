"""The stream that a DynamoDB Streams request reads, by its ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions
from ministack.services import dynamodb_streams

from localaws.parity.policies.requests import parameters
from localaws.parity.wrap import ArnQuestion, around

if TYPE_CHECKING:
    from collections.abc import Callable


def resource_arn(original: Callable[..., str], *request: Any) -> str:
    """The ARN ministack builds, or that of the stream; a shard iterator names its stream too."""
    question = ArnQuestion(*request)
    if question.service != "dynamodbstreams":
        return original(*request)
    asked = parameters(question.body, question.params)
    if asked.get("StreamArn"):
        return str(asked["StreamArn"])
    if asked.get("ShardIterator"):
        return _of_iterator(str(asked["ShardIterator"]), question)
    table = f"arn:aws:dynamodb:{question.region}:{question.account}:table/{asked.get('TableName', '*')}"
    return f"{table}/stream/*"


def _of_iterator(iterator: str, question: ArnQuestion) -> str:
    read: dict[str, Any] = dynamodb_streams._decode_iterator(iterator) or {}
    table = f"arn:aws:dynamodb:{question.region}:{question.account}:table/{read.get('t', '*')}"
    return str(read.get("arn") or f"{table}/stream/*")


def install() -> None:
    """Answer ministack's question for the resource of a Streams request."""
    around(iam_actions, "extract_resource_arn", resource_arn)
