"""Clean-up's own rows: a mark per role, and the summary of the latest run. Each carries its audit event."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.cleanup.domain.marks import Mark
from chalicelib.core.aws import rows
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
        found = rows.partition(self._dynamodb, self._table, ROLES, "reading the marks of clean-up")
        return (msgspec.convert(row, Mark) for row in found)

    def get(self, role: str) -> Mark | None:
        """The mark of a role, read consistently, or None."""
        row = rows.get(self._dynamodb, self._table, ROLES, role)
        return msgspec.convert(row, Mark) if row else None

    def save(self, mark: Mark, event: AuditEvent | None) -> None:
        """Write the mark over the version before it, with its event; Conflict if another writer was faster."""
        row = {**_row(mark), "event": to_json(event) if event else None}
        rows.put_version(self._dynamodb, self._table, row)

    def forget(self, mark: Mark) -> None:
        """Remove the mark of a role that was deleted by other means; no effect if the mark changed meanwhile."""
        with suppress(Conflict):
            rows.delete_version(self._dynamodb, self._table, _row(mark))

    def record_run(self, event: AuditEvent) -> None:
        """Write the summary of the latest run."""
        row = {"pk": RUN, "sk": "RUN", "event": to_json(event)}
        try:
            self._dynamodb.put_item(TableName=self._table, Item=rows.to_item(row))
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error


def _row(mark: Mark) -> dict[str, Any]:
    """A role that is on its way out is remembered as long as it takes, any other as long as sessions are."""
    ttl = None if mark.staged else int(mark.since.timestamp()) + KEPT_DAYS * DAY
    return {**msgspec.to_builtins(mark), "pk": ROLES, "sk": mark.role, "ttl": ttl}
