"""The key that seals cursors: a row of the table, made by the first list that needs it."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.errors import AwsUnavailable
from chalicelib.core.domain.sealed_text import KEY_BYTES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = ("CURSOR", "KEY")


def cursor_key(client: DynamoDBClient, table: str) -> bytes:
    """The deployment's key, the same in every container; made if there is none yet."""
    row = rows.get(client, table, *KEY) or _made(client, table)
    return b64decode(row["key"])


def _made(client: DynamoDBClient, table: str) -> dict[str, str]:
    """A new row; where another container was faster, its row."""
    row = {"pk": KEY[0], "sk": KEY[1], "key": b64encode(os.urandom(KEY_BYTES)).decode()}
    try:
        client.put_item(TableName=table, Item=rows.to_item(row), ConditionExpression=rows.ABSENT)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise translated(error, "making the key of cursors") from error
        return rows.get(client, table, *KEY) or _unreadable()
    return row


def _unreadable() -> dict[str, str]:
    raise AwsUnavailable("The key of cursors is not readable yet. Try again in a moment.")
