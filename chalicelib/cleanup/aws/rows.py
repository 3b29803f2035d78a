"""Clean-up's own rows: a mark per role, and the summary of the latest run. Each carries its audit event."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.cleanup.domain.marks import Mark
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.aws.rows import KEPT_DAYS
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.events import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.core.domain.events import AuditEvent

ROLES = "CLEANUP#ROLES"
RUN = "CLEANUP#RUN"
DAY = 86400


class TableMarks:
    """Rows `pk=CLEANUP#ROLES, sk=<role>` and `pk=CLEANUP#RUN, sk=RUN`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def every(self) -> Iterator[Mark]:
        """All marks."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :roles",
            ExpressionAttributeValues=rows.to_item({":roles": ROLES}),
            ConsistentRead=True,
        )
        try:
            for page in pages:
                yield from (msgspec.convert(rows.from_item(item), Mark) for item in page["Items"])
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the marks of clean-up") from error

    def get(self, role: str) -> Mark | None:
        """The mark of a role, read consistently, or None."""
        row = rows.get(self._dynamodb, self._table, ROLES, role)
        return msgspec.convert(row, Mark) if row else None

    def save(self, mark: Mark, event: AuditEvent | None) -> None:
        """Write the mark over the version before it, with its event; Conflict if another writer was faster."""
        row = {**_row(mark), "event": to_json(event) if event else None}
        first = mark.version == 1
        self._write(
            self._dynamodb.put_item,
            Item=rows.to_item(row),
            ConditionExpression=rows.ABSENT if first else "version = :before",
            **({} if first else _before(mark.version - 1)),
        )

    def forget(self, mark: Mark) -> None:
        """Remove the mark of a role that was deleted by other means; no effect if the mark changed meanwhile."""
        with suppress(Conflict):
            self._write(
                self._dynamodb.delete_item,
                Key=rows.key(ROLES, mark.role),
                ConditionExpression="version = :before",
                **_before(mark.version),
            )

    def record_run(self, event: AuditEvent) -> None:
        """Write the summary of the latest run."""
        row = {"pk": RUN, "sk": "RUN", "event": to_json(event)}
        self._write(self._dynamodb.put_item, Item=rows.to_item(row))

    def _write(self, operation: Any, **parameters: Any) -> None:
        try:
            operation(TableName=self._table, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error


def _before(version: int) -> dict[str, Any]:
    return {"ExpressionAttributeValues": {":before": {"N": str(version)}}}


def _row(mark: Mark) -> dict[str, Any]:
    """A role that is on its way out is remembered as long as it takes, any other as long as sessions are."""
    ttl = None if mark.staged else int(mark.since.timestamp()) + KEPT_DAYS * DAY
    return {**msgspec.to_builtins(mark), "pk": ROLES, "sk": mark.role, "ttl": ttl}
