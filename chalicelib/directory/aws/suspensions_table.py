"""Suspension rows, and the directory read by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.aws.sights_table import (
    DIRECTORY,
    MARKER,
    SUSPENSIONS,
    facts_from_row,
    marker_from_row,
    suspension_from_row,
)
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.aws.cursors import bad_cursor, decoded, encoded
from chalicelib.core.domain.events import to_json
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.access.domain.facts import Facts, Suspension
    from chalicelib.core.domain.events import AuditEvent


class TableSuspensions:
    """Rows `pk=SUSPENSION, sk=<subject>`: one for each subject, so that requests find it by its key."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def put(self, suspension: Suspension, event: AuditEvent) -> None:
        """Write it; Conflict if the subject is suspended already."""
        row = {
            "pk": SUSPENSIONS,
            "sk": suspension.subject,
            "id": suspension.id,
            "caller": suspension.caller,
            "reason": suspension.reason,
            "by": suspension.by,
            "at": rfc3339(suspension.at),
            "event": to_json(event),
        }
        rows.put(self._dynamodb, self._table, row)

    def remove(self, suspension: Suspension, event: AuditEvent) -> None:
        """Lift it, and write the event in the same transaction; Conflict if that was done already."""
        kept_until = int(event.at.timestamp()) + rows.KEPT_DAYS * 86400
        told = {"pk": f"EVENT#{event.id}", "sk": "EVENT", "event": to_json(event), "ttl": kept_until}
        try:
            self._dynamodb.transact_write_items(
                TransactItems=[
                    {
                        "Delete": {
                            "TableName": self._table,
                            "Key": rows.key(SUSPENSIONS, suspension.subject),
                            "ConditionExpression": "id = :id",
                            "ExpressionAttributeValues": {":id": {"S": suspension.id}},
                        }
                    },
                    {"Put": {"TableName": self._table, "Item": rows.to_item(told)}},
                ]
            )
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error

    def every(self) -> list[Suspension]:
        """All that stand, read consistently, oldest first."""
        found = rows.partition(self._dynamodb, self._table, SUSPENSIONS, "reading the suspensions")
        return sorted(map(suspension_from_row, found), key=lambda one: one.id)


class TableCallers:
    """The directory through the indexes: by name, and in order of names. The newest may be missing for a moment."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def page(self, limit: int, cursor: str | None) -> Page[Facts]:
        """Callers in order of their names."""
        asked: dict[str, Any] = {"Limit": limit}
        if cursor:
            asked["ExclusiveStartKey"] = _key(decoded(cursor))
        answer = self._query("by-group", "group_key", DIRECTORY, **asked)
        last = answer.get("LastEvaluatedKey")
        return Page(tuple(_facts(answer)), encoded(rows.from_item(last)) if last else None)

    def by_name(self, name: str) -> Iterator[Facts]:
        """Callers of that name: a user and a role at most, and for a moment deleted namesakes."""
        return _facts(self._query("by-caller", "caller_key", f"{DIRECTORY}#{name}"))

    def seen_at(self) -> datetime | None:
        """As of when the whole directory is."""
        return marker_from_row(rows.get(self._dynamodb, self._table, DIRECTORY, MARKER)).seen_at

    def _query(self, index: str, key: str, partition: str, **asked: Any) -> Any:
        try:
            return self._dynamodb.query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression="#partition = :partition",
                ExpressionAttributeNames={"#partition": key},
                ExpressionAttributeValues={":partition": {"S": partition}},
                **asked,
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the directory") from error


def _facts(answer: Any) -> Iterator[Facts]:
    return (facts for item in answer["Items"] if (facts := facts_from_row(rows.from_item(item))))


def _key(told: Any) -> dict[str, Any]:
    """The place to read on from; InvalidRequest for a cursor of another list."""
    names = {"pk", "sk", "id", "group_key"}
    if not isinstance(told, dict) or set(told) != names or told["pk"] != DIRECTORY or told["group_key"] != DIRECTORY:
        raise bad_cursor()
    if not all(isinstance(value, str) for value in told.values()):
        raise bad_cursor()
    return rows.to_item(told)
