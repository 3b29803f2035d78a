"""Rows that count how often a user changed keys and devices in an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

HOUR = 3600


class TableActCounts:
    """Rows `OWN#<unique id> <hour>`. They carry no event: each act has one of its own."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def count(self, unique_id: str, now: datetime) -> int:
        """Count one more act in this hour; answers how many there are."""
        hour = int(now.timestamp()) // HOUR
        try:
            found = self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"OWN#{unique_id}"}, "sk": {"S": str(hour)}},
                UpdateExpression="ADD acts :one SET #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={":one": {"N": "1"}, ":ttl": {"N": str((hour + 2) * HOUR)}},
                ReturnValues="UPDATED_NEW",
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "counting changes") from error
        return int(found["Attributes"]["acts"]["N"])
