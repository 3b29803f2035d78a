"""The key of cursors: one for the deployment, whichever container makes it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from chalicelib.core.aws import cursor_key as made
from chalicelib.core.aws import rows
from chalicelib.core.domain.errors import BrokerError
from tests.adapters.conftest import REGION

pytestmark = pytest.mark.usefixtures("account")


def test_the_first_one_makes_it_and_the_next_one_reads_it() -> None:
    client = boto3.client("dynamodb", REGION)
    first = made.cursor_key(client, "broker")
    assert (len(first), made.cursor_key(client, "broker")) == (32, first)


def test_of_two_at_once_both_take_the_one_that_was_written() -> None:
    client: Any = boto3.client("dynamodb", REGION)
    faster = made.cursor_key(client, "broker")

    class SeesNothingFirst:
        """Reads as long before the other's write, once."""

        looks = 0

        def get_item(self, **asked: Any) -> Any:
            self.looks += 1
            return client.get_item(**asked) if self.looks > 1 else {}

        def put_item(self, **asked: Any) -> Any:
            return client.put_item(**asked)

    assert made.cursor_key(SeesNothingFirst(), "broker") == faster  # type: ignore[arg-type]


def test_a_table_that_does_not_answer_gives_no_key() -> None:
    client: Any = boto3.client("dynamodb", REGION)
    with pytest.raises(BrokerError):
        made.cursor_key(client, "no-such-table")


def test_the_row_carries_no_event() -> None:
    client = boto3.client("dynamodb", REGION)
    made.cursor_key(client, "broker")
    assert sorted(rows.get(client, "broker", *made.KEY) or {}) == ["key", "pk", "sk"]
