"""Session rows that are written together with others: under a grant, or for break-glass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.approvals.aws.grants_table import STILL_OPEN, partition
from chalicelib.approvals.domain.grants import GrantEnded
from chalicelib.core.aws import rows
from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AuditUnavailable, Contended
from chalicelib.core.domain.events import to_json
from chalicelib.sessions.aws.session_log import TableSessionLog, session_to_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.sessions import Session

MAX_TRIES = 8
"""Attempts against other transactions on the same grant; with the pauses of wiring under 4 s in all."""


class TableBoundSessionLog(TableSessionLog):
    """The session log, with the conditions that must hold at the moment its row is written.

    Under a grant, one transaction writes the session row and adds the session
    to the grant, or writes neither. So no session is issued under a grant that
    has just ended, and a grant's end knows every session it gave.
    """

    def __init__(self, client: DynamoDBClient, table: str, pause: Callable[[int], None]) -> None:
        super().__init__(client, table)
        self._pause = pause

    def record(self, session: Session, event: AuditEvent) -> None:
        """Write a new row with its event; GrantEnded, or AuditUnavailable unless it is durable."""
        bound = [self._noted(session)] if session.grant else []
        if session.break_glass:
            from chalicelib.sessions.aws.reviews_table import review_to_row  # noqa: PLC0415  emergencies are rare

            bound.append(self._put(review_to_row(session)))
        if not bound:
            super().record(session, event)
            return
        self._transact([self._put({**session_to_row(session), "event": to_json(event)}), *bound], session)

    def mark_failed(self, session: Session, event: AuditEvent) -> None:
        """Say that AssumeRole was refused: no credentials exist for this row, and nothing needs a review."""
        if not session.break_glass:
            super().mark_failed(session, event)
            return
        from chalicelib.sessions.aws.reviews_table import review_closed  # noqa: PLC0415  as above

        together = self._failed(session, event), review_closed(self._table, session)
        self._transact([{"Update": update} for update in together], session)

    def _transact(self, items: list[TransactWriteItemTypeDef], session: Session) -> None:
        def write() -> None:
            try:
                self._dynamodb.transact_write_items(TransactItems=items)
            except (ClientError, BotoCoreError) as error:
                if session.grant and "ConditionalCheckFailed" in rows.cancellation_reasons(error)[1:2]:
                    raise GrantEnded(f"Grant {session.grant} ended in this moment.") from error
                raise rows.write_failed(error) from error

        write_conditionally(
            lambda: (None, write),
            pause=self._pause,
            tries=MAX_TRIES,
            exhausted=AuditUnavailable(
                "Too many write to the record of this session or grant at once. Try again in a moment."
            ),
            again=(Contended,),  # a condition that failed fails again
        )

    def _noted(self, session: Session) -> TransactWriteItemTypeDef:
        return {
            "Update": {
                "TableName": self._table,
                "Key": rows.key(partition(session.caller_id, session.role), session.grant),
                "UpdateExpression": "ADD sessions :session",
                "ConditionExpression": STILL_OPEN,
                "ExpressionAttributeValues": {":session": {"SS": [session.id]}},
            },
        }

    def _put(self, row: dict[str, Any]) -> TransactWriteItemTypeDef:
        return {
            "Put": {"TableName": self._table, "Item": rows.to_item(row), "ConditionExpression": rows.ABSENT},
        }
