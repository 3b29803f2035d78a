"""Rows and DynamoDB's typed items, held against boto3's own reading of them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.rows import from_item, to_item

LEAVES = st.none() | st.booleans() | st.text() | st.integers(-(10**37), 10**37)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
ROWS = st.dictionaries(st.text(min_size=1), VALUES)


@given(ROWS)
def test_items_are_those_boto3_writes(row) -> None:
    boto3 = TypeSerializer().serialize
    assert to_item(row) == {name: boto3(value) for name, value in row.items() if value is not None}


@given(ROWS)
def test_a_row_comes_back_from_its_item(row) -> None:
    assert from_item(to_item(row)) == {name: value for name, value in row.items() if value is not None}


def test_numbers_of_others_come_back_as_ints() -> None:
    item = {"count": TypeSerializer().serialize(Decimal(7))}
    assert from_item(item) == {"count": int(TypeDeserializer().deserialize(item["count"]))}


def test_tuples_are_lists_to_dynamodb() -> None:
    assert from_item(to_item({"groups": ("a", "b")})) == {"groups": ["a", "b"]}


@pytest.mark.parametrize("value", [1.5, b"bytes", {"a", "b"}, object()])
def test_what_no_row_of_ours_holds_is_refused(value) -> None:
    with pytest.raises(TypeError):
        to_item({"value": value})
