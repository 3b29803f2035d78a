"""The catalogue of roles: one partition of the table, written by the provisioner alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.roles import ROLE_NAME, Role, split_role_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.access.aws.member_roles import TableMembers
    from chalicelib.core.domain.roles import Account

PARTITION = "ROLE"
ACCOUNTS = "ACCOUNT"
"""Partition of the registry of accounts, by account id."""

PAGE = 100


class TableCatalogue:
    """Rows `pk=ROLE, sk=<name>`. `members` is made with the first role of a member account."""

    def __init__(self, client: DynamoDBClient, table: str, members: Callable[[], TableMembers] | None = None) -> None:
        self._dynamodb, self._table, self._members = client, table, members

    def get(self, name: str) -> Role | None:
        """The role of that name, or None; a name that IAM does not allow is not looked for."""
        if not ROLE_NAME.fullmatch(name):
            return self._in_a_member(name)
        row = rows.get(self._dynamodb, self._table, PARTITION, name)
        return role_from_row(row) if row else None

    def _in_a_member(self, name: str) -> Role | None:
        """A role of an account that is not in the registry does not exist."""
        members = self._members() if self._members and ":" in name else None
        known = members.canonical(name) if members else ""
        row = rows.get(self._dynamodb, self._table, PARTITION, known) if known else None
        account, _ = split_role_name(known)
        if not (members and row and account):
            return role_from_row(row) if row else None
        home = members.account(account)
        return role_from_row(row, home) if home else None

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
                yield from self._roles(rows.from_item(item) for item in page["Items"])
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the roles") from error

    def _roles(self, found: Iterator[dict[str, Any]]) -> Iterator[Role]:
        """The roles of a page; the registry is read whole where the page has a role of a member account."""
        homes: dict[str, Account] | None = None
        for row in found:
            account, _ = split_role_name(row["sk"])
            if not account:
                yield role_from_row(row)
                continue
            if homes is None:
                homes = {one.id: one for one in self._members().every()} if self._members else {}
            if account in homes:
                yield role_from_row(row, homes[account])


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
        "unique_id": role.unique_id or None,
    }


def role_from_row(row: Mapping[str, Any], home: Account | None = None) -> Role:
    """The role in a catalogue row, in its member account."""
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
        unique_id=row.get("unique_id") or "",
        home=home,
    )
