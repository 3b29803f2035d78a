"""Grant rows. One partition holds the grants of one caller for one role.

So a single consistent read tells, at the moment a session is issued, which
grants cover it: an index would lag behind an approval, or worse behind an end.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.approvals.domain.grants import REACH, Grant
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.aws.index_queries import newest_first
from chalicelib.core.domain import ids
from chalicelib.core.domain.events import to_json
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputPaginateTypeDef

    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.events import AuditEvent

KEPT_SECONDS = 400 * 86400

OPEN = "GRANT#STATE#open"
STILL_OPEN = "attribute_exists(pk) AND attribute_not_exists(ended_at)"


class TableGrants:
    """Rows `pk=GRANT#<caller's unique id>#<role>, sk=<id>`; the id is the request's."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def get(self, request: Request) -> Grant | None:
        """The grant of a request, read consistently, or None."""
        row = rows.get(self._dynamodb, self._table, partition(request.caller_id, request.role), request.id)
        return msgspec.convert(row, Grant) if row else None

    def held(self, caller_id: str, role: str, now: datetime) -> list[Grant]:
        """The caller's grants for the role that are not long over, read consistently."""
        query: QueryInputPaginateTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :partition AND sk >= :oldest",
            "ExpressionAttributeValues": rows.to_item(
                {":partition": partition(caller_id, role), ":oldest": ids.earliest(now - REACH)}
            ),
            "ConsistentRead": True,
        }
        try:
            pages = self._dynamodb.get_paginator("query").paginate(**query)
            return [msgspec.convert(rows.from_item(item), Grant) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the grants") from error

    def recent(self, caller: str, now: datetime) -> Iterator[Grant]:
        """The grants of everybody of that name that are not long over, from the index."""
        found = newest_first(self._dynamodb, self._table, "by-caller", f"GRANT#{caller}")
        oldest = ids.earliest(now - REACH)
        return (msgspec.convert(row, Grant) for row in takewhile(lambda row: row["id"] >= oldest, found))

    def end(self, ended: Grant, event: AuditEvent) -> None:
        """Write that the grant is over, once."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=rows.key(partition(ended.caller_id, ended.role), ended.id),
                UpdateExpression="SET ended_at = :at, ended_by = :by, #event = :event REMOVE group_key",
                ConditionExpression=STILL_OPEN,
                ExpressionAttributeNames={"#event": "event"},
                ExpressionAttributeValues=rows.to_item(
                    {":at": rfc3339(ended.ended_at or ended.until), ":by": ended.ended_by, ":event": to_json(event)}
                ),
            )
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error

    def open(self) -> Iterator[Grant]:
        """Every grant that is not written down as over."""
        found = newest_first(self._dynamodb, self._table, "by-group", OPEN)
        return (msgspec.convert(row, Grant) for row in found)


def partition(caller_id: str, role: str) -> str:
    """Where the grants of a caller for a role live."""
    return f"GRANT#{caller_id}#{role}"


def grant_to_row(grant: Grant) -> dict[str, Any]:
    """A new grant's row. It carries no event: the decision that made it tells."""
    return {
        **msgspec.to_builtins(grant),
        "sessions": None,
        "pk": partition(grant.caller_id, grant.role),
        "sk": grant.id,
        "caller_key": f"GRANT#{grant.caller}",
        "role_key": f"GRANT#{grant.role}",
        "group_key": OPEN,
        "ttl": int(grant.until.timestamp()) + KEPT_SECONDS,
    }
