"""The registry's rows, written by the provision function alone (read by access.aws.member_roles)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.aws.member_roles import ALIASES, account_to_row
from chalicelib.core.aws import rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.access.aws.member_roles import TableMembers
    from chalicelib.core.domain.roles import Account


class TableRegistry:
    """Rows `ACCOUNT <id>` and `ACCOUNT#ALIAS <alias>`."""

    def __init__(self, client: DynamoDBClient, table: str, members: TableMembers) -> None:
        self._dynamodb, self._table, self._members = client, table, members

    def every(self) -> Iterable[Account]:
        """All accounts, read consistently."""
        return self._members.every()

    def write(self, account: Account) -> None:
        """Write one account. Its alias comes after it, so that no alias stands for an account without a row."""
        self._put(account_to_row(account))
        if account.alias:
            self._put({"pk": ALIASES, "sk": account.alias, "account": account.id})

    def drop_alias(self, alias: str) -> None:
        """Let an alias stand for no account."""
        try:
            self._dynamodb.delete_item(TableName=self._table, Key=rows.key(ALIASES, alias))
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error

    def _put(self, row: dict[str, object]) -> None:
        try:
            self._dynamodb.put_item(TableName=self._table, Item=rows.to_item(row))
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error
