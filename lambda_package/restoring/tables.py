"""Tables as of a moment: restored beside the originals, read, and copied into another stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 25
"""Items of one BatchWriteItem (API reference)."""

OUTBOX = "event"
"""The attribute that tells the audit function of a new event: what a row's backup holds was told long ago."""

LOOK_AGAIN = {"Delay": 10, "MaxAttempts": 720}
"""A restore takes twenty minutes and more, whatever the size of the table."""

Item = dict[str, Any]


def restore(dynamodb: DynamoDBClient, table: str, name: str, at: datetime | None) -> None:
    """Restore `table` as of then, or as of its latest moment, to a new table of this name; wait for it."""
    moment: Any = {"RestoreDateTime": at} if at else {"UseLatestRestorableTime": True}
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name, **moment)
    waiter: Any = dynamodb.get_waiter("table_exists")
    waiter.wait(TableName=name, WaiterConfig=LOOK_AGAIN)


def items(dynamodb: DynamoDBClient, table: str) -> Iterator[Item]:
    """Every item."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def copy(dynamodb: DynamoDBClient, source: str, target: str) -> int:
    """Put every item of `source` into `target`, without OUTBOX; answer how many."""
    count, batch = 0, []
    for item in items(dynamodb, source):
        batch.append({name: value for name, value in item.items() if name != OUTBOX})
        if len(batch) == BATCH:
            _put(dynamodb, target, batch)
            count, batch = count + BATCH, []
    _put(dynamodb, target, batch)
    return count + len(batch)


def _put(dynamodb: DynamoDBClient, table: str, batch: list[Item]) -> None:
    left: Any = {table: [{"PutRequest": {"Item": item}} for item in batch]} if batch else {}
    while left:
        left = dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]
