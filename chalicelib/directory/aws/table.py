"""The directory's rows, written by the directory function alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.aws.sights_table import (
    DIRECTORY,
    MARKER,
    caller_key,
    facts_from_row,
    facts_to_row,
    marker_from_row,
)
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AwsUnavailable, Conflict, Contended
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputPaginateTypeDef, TransactWriteItemTypeDef

    from chalicelib.access.domain.facts import Facts, Marker
    from chalicelib.directory.domain.changes import Changes

RUN = "RUN"
ROWS_AT_ONCE = 99
"""DynamoDB writes 100 items in one transaction: these, and the condition that the run is the latest."""

MAX_TRIES = 8
FREE = "attribute_not_exists(pk) OR lease_until < :now"
LATEST = "latest_run = :run"


class TableDirectory:
    """Rows `pk=DIRECTORY`: `CALLER#<unique id>`, `MARKER`, and `RUN`, which names the latest run."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Callable[[int], None]) -> None:
        self._dynamodb, self._table, self._pause = client, table, pause

    def begin(self, run: str, now: datetime, until: datetime) -> str:
        """Take over from the last run, and answer which one it was; Conflict while that one may be under way."""
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=rows.key(DIRECTORY, RUN),
                UpdateExpression="SET latest_run = :run, lease_until = :until",
                ConditionExpression=FREE,
                ExpressionAttributeValues=rows.to_item(
                    {":run": run, ":until": _milliseconds(until), ":now": _milliseconds(now)}
                ),
                ReturnValues="ALL_OLD",
            )
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise Conflict("Another run of the directory is under way.") from error
            raise translated(error, "beginning a run") from error
        return str(rows.from_item(answer.get("Attributes", {})).get("latest_run", ""))

    def known(self) -> dict[str, Facts]:
        """Every caller in the directory by unique id, read consistently."""
        query: QueryInputPaginateTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :directory AND begins_with(sk, :callers)",
            "ExpressionAttributeValues": rows.to_item({":directory": DIRECTORY, ":callers": caller_key("")}),
            "ConsistentRead": True,
        }
        try:
            pages = self._dynamodb.get_paginator("query").paginate(**query)
            found = [facts_from_row(rows.from_item(item)) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the directory") from error
        return {facts.unique_id: facts for facts in found if facts}

    def write(self, run: str, todo: Changes) -> None:
        """Write and remove rows, some at once; Conflict where another run has begun."""
        items: list[TransactWriteItemTypeDef] = [
            {"Put": {"TableName": self._table, "Item": rows.to_item(facts_to_row(facts))}} for facts in todo.put
        ]
        items.extend(
            {"Delete": {"TableName": self._table, "Key": rows.key(DIRECTORY, caller_key(unique_id))}}
            for unique_id in todo.remove
        )
        latest: TransactWriteItemTypeDef = {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": rows.key(DIRECTORY, RUN),
                "ConditionExpression": LATEST,
                "ExpressionAttributeValues": {":run": {"S": run}},
            }
        }
        for start in range(0, len(items), ROWS_AT_ONCE):
            self._transact([latest, *items[start : start + ROWS_AT_ONCE]])

    def finish(self, run: str, seen_at: datetime) -> None:
        """Write as of when the whole was seen, and let the next run begin."""
        row = {"pk": DIRECTORY, "sk": MARKER, "seen_at": rfc3339(seen_at)}
        self._transact([self._ended(run), {"Put": {"TableName": self._table, "Item": rows.to_item(row)}}])

    def give_up(self, run: str, failed_at: datetime) -> Marker:
        """Write that IAM did not answer, let the next run begin, and answer the marker."""
        failed: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self._table,
                "Key": rows.key(DIRECTORY, MARKER),
                "UpdateExpression": "SET failed_at = :at",
                "ExpressionAttributeValues": {":at": {"S": rfc3339(failed_at)}},
            }
        }
        self._transact([self._ended(run), failed])
        return marker_from_row(rows.get(self._dynamodb, self._table, DIRECTORY, MARKER))

    def _ended(self, run: str) -> TransactWriteItemTypeDef:
        return {
            "Update": {
                "TableName": self._table,
                "Key": rows.key(DIRECTORY, RUN),
                "UpdateExpression": "SET lease_until = :free",
                "ConditionExpression": LATEST,
                "ExpressionAttributeValues": {":run": {"S": run}, ":free": {"N": "0"}},
            }
        }

    def _transact(self, items: list[TransactWriteItemTypeDef]) -> None:
        exhausted = AwsUnavailable("The directory's rows are being written all the time.")
        write_conditionally(
            lambda: (None, partial(self._write, items)),
            pause=self._pause,
            tries=MAX_TRIES,
            exhausted=exhausted,
            again=(Contended,),
        )

    def _write(self, items: list[TransactWriteItemTypeDef]) -> None:
        try:
            self._dynamodb.transact_write_items(TransactItems=items)
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
