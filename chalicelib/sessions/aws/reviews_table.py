"""Reviews of break-glass sessions: each is open until a reviewer signs it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.index_queries import newest_first
from chalicelib.core.domain.events import to_json
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.sessions import Session

OPEN = "REVIEW#open"
"""The partition of the index `by-group` that holds the open reviews."""

SIGNED_OFF = ("reviewed_at = :at", "reviewed_by = :by", "review_comment = :comment", "#event = :event")

KEPT_SECONDS = 400 * 86400


class TableReviews:
    """Rows `pk=SESSION#<id>, sk=REVIEW` beside the session's own."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def sign_off(self, session: Session, event: AuditEvent) -> None:
        """Write who reviewed the session, once; Conflict if it is reviewed already."""
        try:
            self._dynamodb.transact_write_items(
                TransactItems=[self._reviewed(session, event), {"Update": review_closed(self._table, session)}],
            )
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error

    def waiting(self) -> Iterator[str]:
        """The ids of the sessions that wait for a review, newest first."""
        return (str(row["id"]) for row in newest_first(self._dynamodb, self._table, "by-group", OPEN))

    def _reviewed(self, session: Session, event: AuditEvent) -> TransactWriteItemTypeDef:
        at = session.reviewed_at or session.issued_at
        values = {
            ":at": rfc3339(at),
            ":by": session.reviewed_by,
            ":comment": session.review_comment,
            ":event": to_json(event),
        }
        return {
            "Update": {
                "TableName": self._table,
                "Key": rows.key(f"SESSION#{session.id}", "SESSION"),
                "UpdateExpression": f"SET {', '.join(SIGNED_OFF)}",
                "ConditionExpression": "break_glass = :yes AND attribute_not_exists(reviewed_at)",
                "ExpressionAttributeNames": {"#event": "event"},
                "ExpressionAttributeValues": {**rows.to_item(values), ":yes": {"BOOL": True}},
            },
        }


def review_closed(table: str, session: Session) -> UpdateTypeDef:
    """The update that takes the session's review off the open ones."""
    return {
        "TableName": table,
        "Key": rows.key(f"SESSION#{session.id}", "REVIEW"),
        "UpdateExpression": "REMOVE group_key",
    }


def review_to_row(session: Session) -> dict[str, Any]:
    """The row that keeps the session's review open."""
    return {
        "pk": f"SESSION#{session.id}",
        "sk": "REVIEW",
        "id": session.id,
        "group_key": OPEN,
        "ttl": int(session.expires_at.timestamp()) + KEPT_SECONDS,
    }
