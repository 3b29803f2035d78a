"""A PartiQL statement is authorized as PartiQLSelect, Insert, Update or Delete on its table or index.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions
from ministack.services import dynamodb

from localaws.parity.policies.leading_keys import keyed, partition_key
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STATEMENTS = {"ExecuteStatement": "", "BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}
READS = {"SELECT", "EXISTS"}


def checks(
    original: Callable[..., list[tuple[str, str]]], action: str, body: bytes, region: str, account: str
) -> list[tuple[str, str]]:
    """The action and the table of every statement; DynamoDB itself refuses a statement that cannot be read."""
    listed = STATEMENTS.get(action.partition(":")[2])
    if listed is None:
        return original(action, body, region, account)
    request = json.loads(body or b"{}")
    read = [_read(asked) for asked in (request.get(listed, []) if listed else [request])]
    return [_check(statement, f"arn:aws:dynamodb:{region}:{account}:table/") for statement in read if statement]


def _read(asked: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return dict(dynamodb._parse_partiql(str(asked.get("Statement", "")), asked.get("Parameters") or []))
    except ValueError:
        return None


def _check(statement: dict[str, Any], tables: str) -> tuple[str, str]:
    verb, table = statement["op"], statement["table"]
    index = statement.get("index") if verb in READS else None
    action = f"dynamodb:PartiQL{'Select' if verb in READS else verb.capitalize()}"
    return action, keyed(f"{tables}{table}" + (f"/index/{index}" if index else ""), _keys(statement, table, index))


def _keys(statement: dict[str, Any], table: str, index: str | None) -> Iterator[str]:
    """The partition keys that the statement inserts, or compares with `=`."""
    name = partition_key(table, index)
    inserted = (statement.get("item") or {}).get(name) or {}
    yield from map(str, inserted.values())
    for attribute, operator, value in (statement.get("select") or statement)["conditions"]:
        if attribute == name and operator == "=":
            yield from map(str, value.values())


def install() -> None:
    """Check statements as ministack checks the items of a transaction."""
    around(iam_actions, "dynamodb_transaction_checks", checks)
