"""Moto's DynamoDB transactions, without what made them slow: one copy of a table for a transaction, to undo it.

Moto copies the whole table for each item of a transaction, and with it everything that its stream has ever seen.
"""

from __future__ import annotations

import copy
from threading import local
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    import pytest

_transaction = local()
_moto = DynamoDBBackend.transact_write_items


def copy_tables_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test: a transaction copies each of its tables once, with the rows and the list of the stream."""
    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", _transact)
    monkeypatch.setattr(Table, "__deepcopy__", _copied, raising=False)


def _transact(backend: DynamoDBBackend, items: list[dict[str, Any]]) -> None:
    _transaction.copies = {}
    try:
        _moto(backend, items)
    finally:
        del _transaction.copies


def _copied(table: Table, memo: dict[int, Any]) -> Table:
    """Rows can change in place, so each is copied. What was streamed never changes."""
    copies: dict[str, Table] = getattr(_transaction, "copies", {})  # a backup is copied outside of any
    if table.name not in copies:
        copies[table.name] = copied = copy.copy(table)
        copied.items = copy.deepcopy(table.items, memo)
        if table.stream_shard:
            copied.stream_shard = shard = copy.copy(table.stream_shard)
            shard.table, shard.items = copied, list(shard.items)
    return copies[table.name]
