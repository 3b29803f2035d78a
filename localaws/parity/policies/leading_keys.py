"""`dynamodb:LeadingKeys`: the partition keys a request touches, per table and per item of a transaction.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TERM = re.compile(r"(#?[\w.-]+)\s*=\s*(:\w+)")


class TableArn(str):
    """A table's ARN that remembers which partition keys the request touches there."""

    __slots__ = ("leading_keys",)
    leading_keys: list[str]


def resource_arns(original: Callable[..., list[str]], body: bytes, region: str, account: str) -> list[str]:
    """The tables of a request, each with its partition keys."""
    request = _json(body)
    if "TableName" in request:
        keys = [_touched(request)]
    else:
        keys = [_batch_keys(table, asked) for table, asked in request.get("RequestItems", {}).items()]
    arns = original(body, region, account)
    return [keyed(arn, found) for arn, found in zip(arns, keys, strict=True)]


def transaction_checks(
    original: Callable[..., list[tuple[str, str]]], action: str, body: bytes, region: str, account: str
) -> list[tuple[str, str]]:
    """The items of a transaction, each with its own partition key."""
    checks = original(action, body, region, account)
    items = [detail for item in _json(body).get("TransactItems", []) for detail in item.values()]
    return [(name, keyed(arn, _touched(item))) for (name, arn), item in zip(checks, items, strict=True)]


def enforce(
    original: Callable[..., Any],
    *caller_and_action: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    """The decision of ministack, told the partition keys."""
    keys = getattr(resource_arn, "leading_keys", [])
    told = {"dynamodb:LeadingKeys": keys} if keys else {}
    return original(*caller_and_action, resource_arn=resource_arn, service_context={**(service_context or {}), **told})


def keyed(arn: str, keys: Iterable[str]) -> TableArn:
    """The ARN with the partition keys that the request touches there."""
    keyed = TableArn(arn)
    keyed.leading_keys = sorted(set(keys))
    return keyed


def _touched(request: dict[str, Any]) -> list[str]:
    """The partition keys of one GetItem, PutItem, UpdateItem, DeleteItem, ConditionCheck or Query."""
    name = partition_key(request.get("TableName", ""), request.get("IndexName"))
    if "KeyConditionExpression" in request:
        return _queried(request, name)
    attributes = request.get("Key") or request.get("Item") or {}
    return [_text(attributes[name])] if name in attributes else []


def _queried(request: dict[str, Any], name: str) -> list[str]:
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    terms = TERM.findall(request["KeyConditionExpression"])
    return [_text(values[value]) for attribute, value in terms if names.get(attribute, attribute) == name]


def _batch_keys(table: str, asked: Any) -> list[str]:
    """The partition keys of one table in BatchGetItem (`Keys`) or BatchWriteItem (a list of writes)."""
    name = partition_key(table, None)
    items = asked.get("Keys", []) if isinstance(asked, dict) else [_written(write) for write in asked]
    return [_text(attributes[name]) for attributes in items if name in attributes]


def _written(write: dict[str, Any]) -> dict[str, Any]:
    change = next(iter(write.values()))
    return change.get("Key") or change.get("Item") or {}


def partition_key(table: str, index: str | None) -> str:
    """The name of the attribute that partitions a table or an index; empty when there is no such table."""
    stored = dynamodb._tables.get(table.rsplit("/", 1)[-1]) or {}
    indexes = [*(stored.get("GlobalSecondaryIndexes") or []), *(stored.get("LocalSecondaryIndexes") or [])]
    keyed = next((one for one in indexes if one["IndexName"] == index), stored)
    return next((part["AttributeName"] for part in keyed.get("KeySchema", []) if part["KeyType"] == "HASH"), "")


def _text(attribute: dict[str, str]) -> str:
    """{"S": "a"} is a; numbers and base64 binaries are text on the wire already."""
    return next(iter(attribute.values()))


def _json(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def install() -> None:
    """Attach keys where ministack names the tables, and read them where it decides."""
    around(iam_actions, "dynamodb_resource_arns", resource_arns)
    around(iam_actions, "dynamodb_transaction_checks", transaction_checks)
    around(iam_evaluator, "enforce", enforce)
