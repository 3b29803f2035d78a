"""The provisioner's rows: catalogue, users and exports, each written with its audit event."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.aws.catalogue import PARTITION, role_from_row, role_to_row
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.aws.rows import KEPT_DAYS
from chalicelib.core.domain.events import to_json
from chalicelib.core.domain.times import rfc3339
from chalicelib.provisioning.domain.unfinished import UnfinishedChange
from chalicelib.provisioning.domain.users import HandedOut

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from chalicelib.core.domain.events import AuditEvent
    from chalicelib.core.domain.roles import Role
    from chalicelib.provisioning.domain.users import User

CHANGES = "CHANGE"
"""The partition of changes of roles that have not ended."""

ANY = "attribute_not_exists(pk) OR attribute_exists(pk)"
"""The lease decides who may write these rows, not the row's state."""


class TableProvisionLog:
    """Rows `ROLE <name>`, `CHANGE <role>`, `USER <name>`, `EXPORT#<name> EXPORT`; the table is encrypted at rest."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def role(self, name: str) -> Role | None:
        """The catalogue's row, read consistently."""
        row = rows.get(self._dynamodb, self._table, PARTITION, name)
        return role_from_row(row) if row else None

    def record_role(self, role: Role, event: AuditEvent) -> None:
        """Write the catalogue row; AuditUnavailable unless it is durable."""
        rows.put(self._dynamodb, self._table, {**role_to_row(role), "event": to_json(event)}, ANY)

    def begin_change(self, change: UnfinishedChange) -> None:
        """Keep the change until it ends; an older one that is kept for the role stays: it knows the last good state."""
        before = json.dumps(change.before) if change.before else None
        row = {
            "pk": CHANGES,
            "sk": change.role.name,
            "before": before,
            "role": json.dumps(role_to_row(change.role)),
            "began_at": change.began_at,
            "by": change.by,
        }
        older = self.unfinished_change(change.role.name)
        if older is not None:
            row["before"] = json.dumps(older.before) if older.before else None
        rows.put(self._dynamodb, self._table, row, ANY)

    def end_change(self, name: str, event: AuditEvent | None = None) -> None:
        """Forget the role's change, with the event of undoing it, if it was undone."""
        self._together([_remove(CHANGES, name), *([_told(event)] if event else [])])

    def unfinished_change(self, name: str) -> UnfinishedChange | None:
        """The role's change that has not ended, read consistently."""
        row = rows.get(self._dynamodb, self._table, CHANGES, name)
        if row is None:
            return None
        before = json.loads(row["before"]) if row.get("before") else None
        return UnfinishedChange(before, role_from_row(json.loads(row["role"])), row["began_at"], row["by"])

    def unfinished(self) -> tuple[str, ...]:
        """The roles with a change that has not ended."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :changes",
            "ExpressionAttributeValues": {":changes": {"S": CHANGES}},
            "ProjectionExpression": "sk",
        }
        try:
            pages = self._dynamodb.get_paginator("query").paginate(**query)
            return tuple(item["sk"]["S"] for page in pages for item in page["Items"])
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing unfinished changes") from error

    def record_user(self, user: User, event: AuditEvent, token: str, made: HandedOut) -> None:
        """Write the user's row with what the call made and its token; AuditUnavailable unless it is durable."""
        row = {
            "pk": "USER",
            "sk": user.name,
            "arn": user.arn,
            "unique_id": user.unique_id,
            "changed_at": rfc3339(event.at),
            "token": _digest(token) if token else None,
            "made_password": made.password,
            "made_access_key": made.access_key_id,
            "event": to_json(event),
        }
        rows.put(self._dynamodb, self._table, row, ANY)

    def user_id(self, name: str) -> str:
        """The unique id in the user's row, read consistently, or ""."""
        return str(self._user(name).get("unique_id", ""))

    def handed_out(self, name: str, token: str, since: datetime) -> HandedOut:
        """The secrets of the user's latest change, if its request had this token since then; otherwise nothing."""
        row = self._user(name)
        if row.get("token") != _digest(token) or row["changed_at"] < rfc3339(since):
            return HandedOut()
        return HandedOut(row.get("made_password", False), row.get("made_access_key", ""))

    def forget_user(self, name: str, event: AuditEvent) -> None:
        """Remove the user's row and write the event, both or neither."""
        self._together([_remove("USER", name), _told(event)])

    def forget_role(self, name: str, export: Mapping[str, Any], event: AuditEvent) -> None:
        """Remove the catalogue row and keep the export with the event, both or neither."""
        kept = {"pk": f"EXPORT#{name}", "sk": "EXPORT", "export": json.dumps(export), "event": to_json(event)}
        self._together([_remove(PARTITION, name), {"Put": {"Item": rows.to_item(kept)}}])

    def export(self, name: str) -> Mapping[str, Any] | None:
        """The latest export of a role, read consistently."""
        row = rows.get(self._dynamodb, self._table, f"EXPORT#{name}", "EXPORT")
        return json.loads(row["export"]) if row else None

    def _user(self, name: str) -> dict[str, Any]:
        return rows.get(self._dynamodb, self._table, "USER", name) or {}

    def _together(self, writes: list[dict[str, Any]]) -> None:
        for write in writes:
            for parameters in write.values():
                parameters["TableName"] = self._table
        try:
            self._dynamodb.transact_write_items(TransactItems=cast("list[TransactWriteItemTypeDef]", writes))
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error


def _digest(token: str) -> str:
    """The digest that is kept of a token: enough to recognize the token, not to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _told(event: AuditEvent) -> dict[str, Any]:
    """The event on a row of its own, where the row it belongs to is going."""
    row = {
        "pk": f"EVENT#{event.id}",
        "sk": "EVENT",
        "event": to_json(event),
        "ttl": int(event.at.timestamp()) + KEPT_DAYS * 86400,
    }
    return {"Put": {"Item": rows.to_item(row), "ConditionExpression": rows.ABSENT}}


def _remove(pk: str, sk: str) -> dict[str, Any]:
    return {"Delete": {"Key": rows.key(pk, sk)}}
