"""A transaction of moto that fails changes nothing, however little of a table was copied to undo it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.aws.clients import client
from tests.adapters.audit.desk import AuditDesk, desk

__all__ = ["desk"]

FIRST: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"S": "1"}, "steps": {"L": [{"S": "x"}]}}
SECOND: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"S": "2"}}


def writes(condition: str) -> list[Any]:
    """A row changed in place, one made, one deleted, and a condition."""
    key = {name: FIRST[name] for name in ("pk", "sk")}
    change = {"UpdateExpression": "SET steps[0] = :y", "ExpressionAttributeValues": {":y": {"S": "y"}}}
    return [
        {"Update": {"TableName": "broker", "Key": key, **change}},
        {"Put": {"TableName": "broker", "Item": {"pk": {"S": "b"}, "sk": {"S": "1"}}}},
        {"Delete": {"TableName": "broker", "Key": SECOND}},
        {
            "ConditionCheck": {
                "TableName": "broker",
                "Key": {"pk": {"S": "c"}, "sk": {"S": "1"}},
                "ConditionExpression": condition,
            }
        },
    ]


@pytest.fixture
def _two_rows(account: None) -> None:
    for item in (FIRST, SECOND):
        client("dynamodb").put_item(TableName="broker", Item=item)


@pytest.mark.usefixtures("_two_rows")
def test_a_failed_transaction_leaves_rows_and_stream_as_they_were(desk: AuditDesk, rows: Any) -> None:
    before = rows(""), len(desk.stream())
    aws = client("dynamodb")
    with pytest.raises(aws.exceptions.TransactionCanceledException):
        aws.transact_write_items(TransactItems=writes("attribute_exists(pk)"))
    assert (rows(""), len(desk.stream())) == before
    aws.transact_write_items(TransactItems=writes("attribute_not_exists(pk)"))
    assert [row["pk"] for row in rows("")] == ["a", "b"]
    assert rows("a")[0]["steps"] == ["y"]
    assert len(desk.stream()) == before[1] + 3
