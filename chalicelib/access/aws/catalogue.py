"""The catalogue of roles: one partition of the table, written by the provisioner alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.roles import ROLE_NAME, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION = "ROLE"
PAGE = 100


class TableCatalogue:
    """Rows `pk=ROLE, sk=<name>`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def get(self, name: str) -> Role | None:
        """The role of that name, or None; a name that IAM does not allow is not looked for."""
        if not ROLE_NAME.fullmatch(name):
            return None
        row = rows.get(self._dynamodb, self._table, PARTITION, name)
        return role_from_row(row) if row else None

    def after(self, name: str) -> Iterator[Role]:
        """Roles in order of name, those that come after `name`; a page of DynamoDB is read when the last is used up."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :partition",
            "ExpressionAttributeValues": {":partition": {"S": PARTITION}},
            "PaginationConfig": {"PageSize": PAGE},
        }
        if name:
            query["KeyConditionExpression"] += " AND sk > :name"
            query["ExpressionAttributeValues"][":name"] = {"S": name}
        try:
            for page in self._dynamodb.get_paginator("query").paginate(**query):
                yield from (role_from_row(rows.from_item(item)) for item in page["Items"])
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the roles") from error


def role_to_row(role: Role) -> dict[str, Any]:
    """The catalogue row of a role; the provisioner adds what only it needs."""
    return {
        "pk": PARTITION,
        "sk": role.name,
        "arn": role.arn,
        "description": role.description,
        "tags": dict(role.tags),
        "max_session_seconds": role.max_session_seconds,
        "direct_users": list(role.direct_users),
        "demands_external_id": role.demands_external_id,
        "fingerprint": dict(role.fingerprint),
        "quarantined": role.quarantined,
        "tier": role.tier,
    }


def role_from_row(row: Mapping[str, Any]) -> Role:
    """The role in a catalogue row."""
    return Role(
        name=row["sk"],
        arn=row["arn"],
        description=row.get("description", ""),
        tags=row.get("tags", {}),
        max_session_seconds=row.get("max_session_seconds", 3600),
        direct_users=tuple(row.get("direct_users", ())),
        demands_external_id=row.get("demands_external_id", False),
        fingerprint=row.get("fingerprint", {}),
        quarantined=row.get("quarantined", False),
        tier=row.get("tier", "workload"),
    )
