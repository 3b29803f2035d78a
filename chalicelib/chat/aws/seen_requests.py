"""Requests from Slack that were handled: one row each, so that a replay is recognized."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.chat.domain.visits import Visit

KEPT_SECONDS = 3600
"""Longer than the ten minutes in which Slack's timestamp would still pass, in either direction."""

FIRST_OR_RETRY = "attribute_not_exists(pk) OR invocation = :invocation"


class TableVisits:
    """Rows `pk=CHAT#VISIT#<id>, sk=VISIT`. They carry no event."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def first(self, visit: Visit, invocation: str) -> bool:
        """True if this invocation handles the request. Lambda's retries carry the same invocation id and go on."""
        row = {
            "pk": f"CHAT#VISIT#{visit.id}",
            "sk": "VISIT",
            "invocation": invocation,
            "ttl": int(time.time()) + KEPT_SECONDS,
        }
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=rows.to_item(row),
                ConditionExpression=FIRST_OR_RETRY,
                ExpressionAttributeValues={":invocation": {"S": invocation}},
            )
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise rows.write_failed(error) from error
        return True
