"""Roles of member accounts in the table: their names, the rows they need, and what the rows say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.aws.catalogue import ACCOUNTS, role_from_row
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.roles import ACCOUNT_ID, Account, AccountState, is_role_name, split_role_name
from chalicelib.core.domain.times import from_rfc3339, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.core.domain.roles import Role

    Remember = Callable[[str, Callable[[], str]], str]
    """Answers a remembered value, or what the function reads now."""

ALIASES = "ACCOUNT#ALIAS"
"""Partition of the aliases: each row has the id of its account."""


class TableMembers:
    """The registry's rows. `home` is the id of the broker's own account.

    `remember` keeps what an alias stands for; the account itself is read with every request.
    """

    def __init__(self, client: DynamoDBClient, table: str, home: str, remember: Remember) -> None:
        self._dynamodb, self._table, self._home, self._remember = client, table, home, remember

    def canonical(self, name: str) -> str:
        """The role's one name: `ROLE` in the broker's account, else `ACCOUNT ID:ROLE`; "" where there is no account."""
        account, role = split_role_name(name)
        if not is_role_name(name):
            return ""
        if not account:
            return role
        number = self.account_id(account)
        if not number:
            return ""
        return role if number == self._home else f"{number}:{role}"

    def account_id(self, account: str) -> str:
        """The id that an id or alias stands for, or ""."""
        if ACCOUNT_ID.fullmatch(account):
            return account
        try:
            return self._remember(account, lambda: self._aliased(account))
        except LookupError:
            return ""

    def account(self, number: str) -> Account | None:
        """The account of that id, read consistently."""
        row = rows.get(self._dynamodb, self._table, ACCOUNTS, number)
        return account_from_row(row) if row else None

    @staticmethod
    def role(row: Mapping[str, Any], account: Mapping[str, Any] | None) -> Role | None:
        """The role in its row and its account's; without its account it does not exist."""
        return role_from_row(row, account_from_row(account)) if account else None

    @staticmethod
    def account_in(row: Mapping[str, Any]) -> Account:
        """The account in its row."""
        return account_from_row(row)

    def every(self) -> Iterator[Account]:
        """All accounts in order of their ids."""
        yield from self._accounts("pk = :partition", {})

    def between(self, first: str, last: str) -> Iterator[Account]:
        """The accounts from one id to another, both included, in order."""
        ends = {":first": {"S": first}, ":last": {"S": last}}
        yield from self._accounts("pk = :partition AND sk BETWEEN :first AND :last", ends)

    def _accounts(self, condition: str, values: dict[str, Any]) -> Iterator[Account]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {":partition": {"S": ACCOUNTS}, **values},
            "ConsistentRead": True,
        }
        try:
            for page in self._dynamodb.get_paginator("query").paginate(**query):
                yield from (account_from_row(rows.from_item(item)) for item in page["Items"])
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the accounts") from error

    def _aliased(self, alias: str) -> str:
        row = rows.get(self._dynamodb, self._table, ALIASES, alias)
        if row is None:
            raise LookupError(alias)
        return str(row["account"])


def account_to_row(account: Account) -> dict[str, Any]:
    """The registry's row of an account."""
    return {
        "pk": ACCOUNTS,
        "sk": account.id,
        "alias": account.alias,
        "name": account.name,
        "ou_path": account.ou_path,
        "tags": dict(account.tags),
        "state": account.state,
        "reason": account.reason,
        "checked_at": rfc3339(account.checked_at) if account.checked_at else None,
        "joined_before": account.joined_before,
    }


def account_from_row(row: Mapping[str, Any]) -> Account:
    """The account in a row."""
    checked = row.get("checked_at")
    return Account(
        id=row["sk"],
        alias=row.get("alias", ""),
        name=row.get("name", ""),
        ou_path=row.get("ou_path", ""),
        tags=row.get("tags", {}),
        state=cast("AccountState", row["state"]),
        reason=row.get("reason", ""),
        checked_at=from_rfc3339(checked) if checked else None,
        joined_before=row.get("joined_before", False),
    )
