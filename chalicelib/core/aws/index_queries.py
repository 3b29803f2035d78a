"""Reading one partition of an index, newest first, read as far as it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

KEYS = {"by-caller": "caller_key", "by-role": "role_key", "by-group": "group_key"}
"""The partition attribute of each index; `id`, a ULID, sorts all three."""

PAGE = 100


def newest_first(
    client: DynamoDBClient, table: str, index: str, partition: str, before: str | None = None
) -> Iterator[dict[str, Any]]:
    """Rows of the partition, those older than the id `before`; a page of DynamoDB is read when the last is used up."""
    query: dict[str, Any] = {
        "TableName": table,
        "IndexName": index,
        "KeyConditionExpression": "#partition = :partition",
        "ExpressionAttributeNames": {"#partition": KEYS[index]},
        "ExpressionAttributeValues": {":partition": {"S": partition}},
        "ScanIndexForward": False,
        "PaginationConfig": {"PageSize": PAGE},
    }
    if before:
        query["KeyConditionExpression"] += " AND #id < :before"
        query["ExpressionAttributeNames"]["#id"] = "id"
        query["ExpressionAttributeValues"][":before"] = {"S": before}
    try:
        for page in client.get_paginator("query").paginate(**query):
            yield from (rows.from_item(item) for item in page["Items"])
    except (ClientError, BotoCoreError) as error:
        raise translated(error, "reading the table") from error
