"""The revocation lists: one row per role, saved only over the version that was read, so none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.sessions.domain.revocation import RoleRevocations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION = "REVOCATIONS"


class TableRevocationList:
    """Rows `pk=REVOCATIONS, sk=<role>`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def get(self, role: str) -> RoleRevocations:
        """The list of a role, read consistently; empty where nothing was ever taken back."""
        row = rows.get(self._dynamodb, self._table, PARTITION, role)
        return _from_row(row) if row else RoleRevocations(role)

    def every(self) -> list[RoleRevocations]:
        """Every role's list."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :partition",
            "ExpressionAttributeValues": {":partition": {"S": PARTITION}},
        }
        try:
            pages = self._dynamodb.get_paginator("query").paginate(**query)
            return [_from_row(rows.from_item(item)) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the revocations") from error

    def save(self, changed: RoleRevocations, event: str | None) -> None:
        """Write a changed list as the next version, with its event; Conflict if another one is there already."""
        document = msgspec.to_builtins(changed)
        update = "SET version = :next, sessions = :sessions, callers = :callers, everyone = :everyone, owners = :owners"
        values = {f":{name}": document[name] or {} for name in ("sessions", "callers", "everyone", "owners")}
        values[":next"] = changed.version + 1
        if event:
            update, values[":event"] = f"{update}, event = :event", event
        condition = "attribute_not_exists(pk)"
        if changed.version:
            condition, values[":read"] = "version = :read", changed.version
        self._update(changed.role, update, condition, values)

    def mark_rendered(self, role: str, version: int) -> None:
        """Remember which version IAM has."""
        self._update(role, "SET rendered = :version", "attribute_exists(pk)", {":version": version})

    def _update(self, role: str, update: str, condition: str, values: Mapping[str, Any]) -> None:
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=rows.key(PARTITION, role),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=rows.to_item(values),
            )
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error


def _from_row(row: Mapping[str, Any]) -> RoleRevocations:
    return msgspec.convert({**row, "role": row["sk"], "everyone": row["everyone"] or None}, RoleRevocations)
