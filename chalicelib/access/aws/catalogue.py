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

PAGE = 101
"""Rows of a query: the longest page of a list, and the role that says whether another page is to come."""


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
        }
        if name:
            query["KeyConditionExpression"] += " AND sk > :name"
            query["ExpressionAttributeValues"][":name"] = {"S": name}
        try:
            for items in self._pages(query):
                yield from self._roles([rows.from_item(item) for item in items])
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the roles") from error

    def _pages(self, query: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """A short page, where most lists end; then pages of 1 MB, for callers who may see few of many roles."""
        page = self._dynamodb.query(**query, Limit=PAGE)
        yield page["Items"]
        while last := page.get("LastEvaluatedKey"):
            page = self._dynamodb.query(**query, ExclusiveStartKey=last)
            yield page["Items"]

    def _roles(self, found: list[dict[str, Any]]) -> Iterator[Role]:
        """The roles of a page. Of the registry, only the rows from its first account to its last are read."""
        homes = self._homes({account for account, _ in map(split_role_name, (row["sk"] for row in found)) if account})
        for row in found:
            account, _ = split_role_name(row["sk"])
            if not account:
                yield role_from_row(row)
            elif account in homes:
                yield role_from_row(row, homes[account])

    def _homes(self, numbers: set[str]) -> dict[str, Account]:
        if not (numbers and self._members):
            return {}
        return {one.id: one for one in self._members().between(min(numbers), max(numbers))}


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
