"""The ledger table: the chain's head, and which events have their place in it. The audit function alone writes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.audit.domain.hash_chain import GENESIS, Head, Link, Seen
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.times import from_rfc3339, rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

HEAD = ("CHAIN", "HEAD")
EXPIRIES = ("EXPIRIES", "CHECKPOINT")
REMEMBERED = timedelta(days=7)
"""How long a delivered event's id is known: a stream redelivers for one day at most."""


class TableLedger:
    """Rows `pk=CHAIN, sk=HEAD` and `pk=EVENT#<id>, sk=LINE`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def look(self, event_ids: Sequence[str]) -> Seen:
        """The head and what is known of these events, read consistently."""
        found = self._read([rows.key(*HEAD), *(_key(name) for name in event_ids)])
        head = next((_head(row) for row in found if row["pk"] == HEAD[0]), GENESIS)
        lines = [row for row in found if row["pk"] != HEAD[0]]
        undelivered = sorted((_link(row) for row in lines if "line" in row), key=lambda link: link.seq)
        return Seen(head, frozenset(row["event_id"] for row in lines), tuple(undelivered))

    def head(self) -> Head:
        """The end of the chain."""
        return self.look(()).head

    def expiries_until(self) -> datetime | None:
        """The time up to which expired sessions have their event."""
        row = rows.get(self._dynamodb, self._table, *EXPIRIES)
        return from_rfc3339(row["until"]) if row else None

    def set_expiries_until(self, at: datetime) -> None:
        """Remember it."""
        item = rows.to_item({"pk": EXPIRIES[0], "sk": EXPIRIES[1], "until": rfc3339(at)})
        self._write([{"Put": {"TableName": self._table, "Item": item}}])

    def append(self, head: Head, links: Sequence[Link]) -> None:
        """Add lines after `head` in one transaction; Conflict if the head moved or an event is there already."""
        items = [self._move_head(head, links[-1].head), *(self._put_line(link) for link in links)]
        self._write(items)

    def mark_delivered(self, links: Sequence[Link]) -> None:
        """Forget the lines, remember the ids: the log has them."""
        self._write([self._forget_line(link) for link in links])

    def _read(self, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """BatchGetItem, until DynamoDB has nothing left unprocessed (it sets aside what passes 16 MB)."""
        found: list[dict[str, Any]] = []
        asked: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}
        while asked:
            try:
                answer = self._dynamodb.batch_get_item(RequestItems=asked)
            except (ClientError, BotoCoreError) as error:
                raise translated(error, "reading the ledger") from error
            found += [rows.from_item(item) for item in answer["Responses"].get(self._table, ())]
            asked = answer.get("UnprocessedKeys") or {}
        return found

    def _write(self, items: list[TransactWriteItemTypeDef]) -> None:
        try:
            self._dynamodb.transact_write_items(TransactItems=items)
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error

    def _move_head(self, old: Head, new: Head) -> TransactWriteItemTypeDef:
        update: PutTypeDef = {
            "TableName": self._table,
            "Item": rows.to_item({"pk": HEAD[0], "sk": HEAD[1], **_place(new)}),
            "ConditionExpression": rows.ABSENT,
        }
        if old != GENESIS:
            update["ConditionExpression"] = "#hash = :old"
            update["ExpressionAttributeNames"] = {"#hash": "hash"}
            update["ExpressionAttributeValues"] = {":old": {"S": old.hash}}
        return {"Put": update}

    def _put_line(self, link: Link) -> TransactWriteItemTypeDef:
        row = {
            "pk": f"EVENT#{link.event_id}",
            "sk": "LINE",
            "event_id": link.event_id,
            **_place(link.head),
            "line": link.line,
        }
        return {"Put": {"TableName": self._table, "Item": rows.to_item(row), "ConditionExpression": rows.ABSENT}}

    def _forget_line(self, link: Link) -> TransactWriteItemTypeDef:
        until = int((link.recorded_at + REMEMBERED).timestamp())
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(link.event_id),
                "UpdateExpression": "REMOVE #line SET #ttl = :until",
                "ExpressionAttributeNames": {"#line": "line", "#ttl": "ttl"},
                "ExpressionAttributeValues": {":until": {"N": str(until)}},
            },
        }


def _key(event_id: str) -> dict[str, Any]:
    return rows.key(f"EVENT#{event_id}", "LINE")


def _place(head: Head) -> dict[str, Any]:
    return {"seq": head.seq, "hash": head.hash, "recorded_at": rfc3339(head.recorded_at)}


def _head(row: Mapping[str, Any]) -> Head:
    return Head(row["seq"], row["hash"], from_rfc3339(row["recorded_at"]))


def _link(row: Mapping[str, Any]) -> Link:
    head = _head(row)
    return Link(row["event_id"], head.seq, head.hash, head.recorded_at, row["line"])
