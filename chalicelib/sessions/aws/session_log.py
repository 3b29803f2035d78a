"""Session rows and the journal of events that change no other row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.rows import KEPT_DAYS
from chalicelib.core.domain.events import to_json
from chalicelib.core.domain.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateTypeDef

    from chalicelib.core.domain.events import AuditEvent


class TableSessionLog:
    """Rows `pk=SESSION#<id>, sk=SESSION`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def record(self, session: Session, event: AuditEvent) -> None:
        """Write a new row with its event; AuditUnavailable unless it is durable."""
        rows.put(self._dynamodb, self._table, {**session_to_row(session), "event": to_json(event)})

    def mark_failed(self, session: Session, event: AuditEvent) -> None:
        """Say that AssumeRole was refused: no credentials exist for this row."""
        try:
            self._dynamodb.update_item(**self._failed(session, event))
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error

    def _failed(self, session: Session, event: AuditEvent) -> UpdateTypeDef:
        return {
            "TableName": self._table,
            "Key": rows.key(f"SESSION#{session.id}", "SESSION"),
            "UpdateExpression": "SET #failed = :yes, #event = :event",
            "ExpressionAttributeNames": {"#failed": "failed", "#event": "event"},
            "ExpressionAttributeValues": {":yes": {"BOOL": True}, ":event": {"S": to_json(event)}},
        }


def session_to_row(session: Session) -> dict[str, Any]:
    """The session's own fields, with the keys of the three indexes."""
    return {
        **msgspec.to_builtins(session),
        "pk": f"SESSION#{session.id}",
        "sk": "SESSION",
        "caller_key": f"SESSION#{session.caller}",
        "role_key": f"SESSION#{session.role}",
        "group_key": f"SESSION#{session.issued_at.date().isoformat()}",
        "ttl": int(session.expires_at.timestamp()) + KEPT_DAYS * 86400,
    }


def session_from_row(row: Mapping[str, Any]) -> Session:
    """The session in a row."""
    return msgspec.convert(row, Session)
