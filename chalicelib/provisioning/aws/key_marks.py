"""Rows of clean-up's marks of access keys. Clean-up writes them, and the provisioner when a key comes back."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.core.aws import rows
from chalicelib.core.aws.rows import KEPT_DAYS
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.events import to_json
from chalicelib.provisioning.domain.key_marks import KeyMark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.core.domain.events import AuditEvent

KEYS = "CLEANUP#KEYS"
DAY = 86400


class TableKeyMarks:
    """Rows `pk=CLEANUP#KEYS, sk=<access key id>`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def every(self) -> Iterator[KeyMark]:
        """All marks."""
        found = rows.partition(self._dynamodb, self._table, KEYS, "reading the marks of access keys")
        return (msgspec.convert(row, KeyMark) for row in found)

    def get(self, key: str) -> KeyMark | None:
        """The mark of a key, read consistently, or None."""
        row = rows.get(self._dynamodb, self._table, KEYS, key)
        return msgspec.convert(row, KeyMark) if row else None

    def save(self, mark: KeyMark, event: AuditEvent | None) -> None:
        """Write the mark over the version before it, with its event; Conflict if another writer was faster."""
        row = {**_row(mark), "event": to_json(event) if event else None}
        rows.put_version(self._dynamodb, self._table, row)

    def forget(self, mark: KeyMark) -> None:
        """Remove the mark of a key that is gone; no effect if the mark changed meanwhile."""
        with suppress(Conflict):
            rows.delete_version(self._dynamodb, self._table, _row(mark))


def _row(mark: KeyMark) -> dict[str, Any]:
    """A key in a stage is remembered as long as it takes, any other as long as IAM remembers a use."""
    ttl = None if mark.staged else int(mark.since.timestamp()) + KEPT_DAYS * DAY
    return {**msgspec.to_builtins(mark), "pk": KEYS, "sk": mark.key, "ttl": ttl}
