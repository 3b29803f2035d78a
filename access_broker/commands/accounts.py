"""The accounts that the broker serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import limit
from access_broker.command_line.spec import Command
from access_broker.output.table import Column
from access_broker.output.times import local_and_utc

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

COLUMNS = (
    Column("account"),
    Column("alias"),
    Column("state", state=True),
    Column("units", leaves=2),
    Column("tags", elastic=True, leaves=3),
    Column("checked", leaves=1),
)


def accounts(connection: Connection, given: Given) -> None:
    """GET /v1/accounts."""
    found = list(connection.broker.items("accounts", "accounts", limit=given.number("limit")))

    def said() -> None:
        connection.output.table(COLUMNS, list(map(_row, found)), "The registry has not been read yet.")
        for account in found:
            if account["reason"]:
                connection.output.line(f"{account['alias'] or account['id']}: {account['reason']}")

    connection.output.show(found, said)


def _row(account: dict[str, Any]) -> list[object]:
    return [
        account["id"],
        account["alias"],
        account["state"],
        account["ou_path"],
        ", ".join(f"{key}={value}" for key, value in sorted(account["tags"].items())),
        local_and_utc(account["checked_at"]),
    ]


COMMANDS = {
    "accounts": Command(
        accounts,
        "Show the AWS accounts that the broker serves, and which of them are out of reach.",
        (limit(None),),
        more="A role in another account is named ACCOUNT:ROLE, by the account's id or alias.",
        examples=("broker accounts", "broker accounts --json"),
    )
}
