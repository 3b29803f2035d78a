"""Rows of events that change no other row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.aws import rows
from chalicelib.core.aws.rows import KEPT_DAYS
from chalicelib.core.domain.events import to_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.core.domain.events import AuditEvent


MISSED = "MISSED"
"""Marks the refusal of a quarantined role."""


class TableJournal:
    """Rows `pk=EVENT#<id>, sk=EVENT`: refusals and whatever else only needs telling.

    A role that was refused because it is quarantined is found by that role: clean-up looks for it.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def record(self, event: AuditEvent) -> None:
        """Write the event; AuditUnavailable unless it is durable."""
        row = {
            "pk": f"EVENT#{event.id}",
            "sk": "EVENT",
            "event": to_json(event),
            "ttl": int(event.at.timestamp()) + KEPT_DAYS * 86400,
        }
        if event.detail.get("quarantined"):
            row |= {"role_key": f"{MISSED}#{event.role}", "id": event.id}
        rows.put(self._dynamodb, self._table, row)
