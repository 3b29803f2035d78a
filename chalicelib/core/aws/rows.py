"""DynamoDB rows: how values become items, and how writes fail.

One table. Keys: `pk` and `sk`. Indexes `by-caller`, `by-role` and `by-group`,
each on one `…_key` attribute and `id`, a ULID, so newest first needs no scan.
A row's `event` attribute is the audit event of its latest change: the stream
carries it to the audit function, so a change and its event are one write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.errors import AuditUnavailable, BrokerError, Conflict, Contended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_DAYS = 400
"""How long rows stay in the table: as long as IAM remembers a last use. The log group keeps the audit."""


ABSENT = "attribute_not_exists(pk)"
"""Condition of a first write: a retry of the same write finds the row and stops."""


def to_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of strings, ints, bools, lists and maps as DynamoDB's typed item; None is left out."""
    return {name: _typed(value) for name, value in row.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The row in a typed item; numbers come back as int."""
    return {name: _plain(value) for name, value in item.items()}


# boto3's own serializer does the same for Decimals and sets, too, and brings all of boto3 along:
# a third of a cold start (bench/).


def _typed(value: object) -> dict[str, Any]:
    """DynamoDB's AttributeValue (API_AttributeValue.html); TypeError for what no row of ours holds."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, Mapping):
        return {"M": {name: _typed(entry) for name, entry in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"L": [_typed(entry) for entry in value]}
    raise TypeError(f"a row holds no {type(value).__name__}")


def _plain(typed: Mapping[str, Any]) -> Any:
    [(kind, value)] = typed.items()
    if kind == "N":
        return int(value)
    if kind == "L":
        return [_plain(entry) for entry in value]
    if kind == "M":
        return {name: _plain(entry) for name, entry in value.items()}
    return None if kind == "NULL" else value


def key(pk: str, sk: str) -> dict[str, Any]:
    """A primary key as DynamoDB's typed item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(client: DynamoDBClient, table: str, row: Mapping[str, Any], condition: str = ABSENT) -> None:
    """Write a row that must reach the audit log; AuditUnavailable unless it is durable."""
    try:
        client.put_item(TableName=table, Item=to_item(row), ConditionExpression=condition)
    except (ClientError, BotoCoreError) as error:
        failed = write_failed(error)
        if not (isinstance(failed, Conflict) and condition == ABSENT and _written_before(client, table, row)):
            raise failed from error


def put_version(client: DynamoDBClient, table: str, row: Mapping[str, Any]) -> None:
    """Write a row with a `version` over the version before it; Conflict if another writer was faster."""
    before = row["version"] - 1
    condition = _at_version(before) if before else {"ConditionExpression": ABSENT}
    try:
        client.put_item(TableName=table, Item=to_item(row), **condition)
    except (ClientError, BotoCoreError) as error:
        raise write_failed(error) from error


def delete_version(client: DynamoDBClient, table: str, row: Mapping[str, Any]) -> None:
    """Delete a row with a `version`; Conflict if it has another version by now."""
    try:
        client.delete_item(TableName=table, Key=key(row["pk"], row["sk"]), **_at_version(row["version"]))
    except (ClientError, BotoCoreError) as error:
        raise write_failed(error) from error


def _at_version(version: int) -> dict[str, Any]:
    return {"ConditionExpression": "version = :at", "ExpressionAttributeValues": {":at": {"N": str(version)}}}


def write_failed(error: ClientError | BotoCoreError) -> BrokerError:
    """Conflict for a failed condition, Contended for a race; AuditUnavailable for all else: no record, no answer."""
    codes = {error_code(error), *cancellation_reasons(error)}
    if codes & {"ConditionalCheckFailedException", "ConditionalCheckFailed"}:
        return Conflict("Another call changed this at the same moment. Look at it again and repeat.")
    told = ", ".join(sorted(codes - {"None"}))
    kind = Contended if codes & {"TransactionConflictException", "TransactionConflict"} else AuditUnavailable
    return kind(f"The record could not be written ({told}). Try again in a moment.")


def cancellation_reasons(error: ClientError | BotoCoreError) -> list[str]:
    """Why each item of a cancelled transaction was not written, in their order; `None` for one that could be."""
    if error_code(error) != "TransactionCanceledException" or not isinstance(error, ClientError):
        return []
    response: dict[str, Any] = dict(error.response)
    return [str(reason.get("Code")) for reason in response.get("CancellationReasons", [])]


def _written_before(client: DynamoDBClient, table: str, row: Mapping[str, Any]) -> bool:
    """True if the row is there with this very event: botocore repeats a write whose answer was lost."""
    try:
        found = get(client, table, row["pk"], row["sk"])
    except BrokerError:
        return False
    return found is not None and found.get("event") == row["event"]


def get(client: DynamoDBClient, table: str, pk: str, sk: str) -> dict[str, Any] | None:
    """The row, read consistently, or None."""
    try:
        answer = client.get_item(TableName=table, Key=key(pk, sk), ConsistentRead=True)
    except (ClientError, BotoCoreError) as error:
        raise translated(error, "reading the table") from error
    return from_item(answer["Item"]) if "Item" in answer else None


def partition(client: DynamoDBClient, table: str, pk: str, doing: str) -> Iterator[dict[str, Any]]:
    """Every row of a partition, read consistently; `doing` says in an error what was read."""
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ConsistentRead=True,
    )
    try:
        for page in pages:
            yield from (from_item(item) for item in page["Items"])
    except (ClientError, BotoCoreError) as error:
        raise translated(error, doing) from error
