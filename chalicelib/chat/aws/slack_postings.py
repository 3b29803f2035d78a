"""Slack messages by the request or session that they show."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.chat.domain.postings import Place, Posting
from chalicelib.core.aws import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 60 * 86400
"""Longer than any request: the farthest start is a month ahead."""


class TablePostings:
    """Rows `pk=NOTICE#<id>, sk=SLACK`. They carry no event."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def get(self, subject: str) -> Posting | None:
        """Read consistently."""
        row: Mapping[str, Any] | None = rows.get(self._dynamodb, self._table, f"NOTICE#{subject}", "SLACK")
        return Posting(Place(row["channel"], row["ts"]), row["version"]) if row else None

    def keep(self, subject: str, posting: Posting) -> None:
        """Unconditional: the queue hands out one notice per subject at a time, so there is one writer."""
        row = {
            "pk": f"NOTICE#{subject}",
            "sk": "SLACK",
            "channel": posting.place.channel,
            "ts": posting.place.ts,
            "version": posting.version,
            "ttl": int(time.time()) + KEPT_SECONDS,
        }
        try:
            self._dynamodb.put_item(TableName=self._table, Item=rows.to_item(row))
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error
