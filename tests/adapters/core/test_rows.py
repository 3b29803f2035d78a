"""Rows and DynamoDB's typed items, held against boto3's own reading of them; and what became of a write that failed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import client
from chalicelib.core.aws.rows import from_item, to_item
from chalicelib.core.domain.errors import AuditUnavailable, Conflict, Contended

LEAVES = st.none() | st.booleans() | st.text() | st.integers(-(10**37), 10**37)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
ROWS = st.dictionaries(st.text(min_size=1), VALUES)


@given(ROWS)
def test_items_are_those_boto3_writes_and_come_back_as_they_were(row) -> None:
    """One property of both directions: to make a row up takes longer than all the rest."""
    boto3 = TypeSerializer().serialize
    kept = {name: value for name, value in row.items() if value is not None}
    assert to_item(row) == {name: boto3(value) for name, value in kept.items()}
    assert from_item(to_item(row)) == kept


def test_numbers_of_others_come_back_as_ints() -> None:
    item = {"count": TypeSerializer().serialize(Decimal(7))}
    assert from_item(item) == {"count": int(TypeDeserializer().deserialize(item["count"]))}


def test_tuples_are_lists_to_dynamodb() -> None:
    assert from_item(to_item({"groups": ("a", "b")})) == {"groups": ["a", "b"]}


@pytest.mark.parametrize("value", [1.5, b"bytes", {"a", "b"}, object()])
def test_what_no_row_of_ours_holds_is_refused(value) -> None:
    with pytest.raises(TypeError):
        to_item({"value": value})


def failure(code: str, *reasons: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(answer, "TransactWriteItems")


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (failure("ConditionalCheckFailedException"), Conflict, "changed this"),
        (failure("TransactionConflictException"), Contended, "TransactionConflictException"),
        (failure("ThrottlingException"), AuditUnavailable, "ThrottlingException"),
        (failure("TransactionCanceledException", "None", "ConditionalCheckFailed"), Conflict, "changed this"),
        (
            failure("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed"),
            Conflict,
            "changed this",
        ),
        (failure("TransactionCanceledException", "None", "TransactionConflict"), Contended, "TransactionConflict"),
        (failure("TransactionCanceledException", "None", "ThrottlingError"), AuditUnavailable, "ThrottlingError"),
        (
            failure("TransactionCanceledException", "ProvisionedThroughputExceeded"),
            AuditUnavailable,
            "ProvisionedThroughputExceeded",
        ),
        (failure("TransactionCanceledException"), AuditUnavailable, "TransactionCanceledException"),
    ],
)
def test_only_a_failed_condition_is_a_conflict(error: ClientError, kind: type[Exception], told: str) -> None:
    failed = rows.write_failed(error)
    assert type(failed) is kind
    assert told in failed.detail
    assert "nothing" not in failed.detail  # what the row was to tell may be done: IAM denies before a session is marked


class LosesTheFirstAnswer:
    """DynamoDB's client as botocore's own retry leaves it: the row is written, the repeated write finds it."""

    def __init__(self, get_item: Any = None) -> None:
        self.get_item = get_item or client("dynamodb").get_item

    def put_item(self, **parameters: Any) -> None:
        client("dynamodb").put_item(**parameters)
        client("dynamodb").put_item(**parameters)


ROW = {"pk": "EVENT#1", "sk": "EVENT", "event": '{"id": "1"}'}


def test_a_write_whose_answer_was_lost_has_succeeded(account) -> None:
    rows.put(LosesTheFirstAnswer(), "broker", ROW)  # type: ignore[arg-type]
    assert rows.get(client("dynamodb"), "broker", "EVENT#1", "EVENT") == ROW


def test_a_row_of_another_event_is_somebody_elses(account) -> None:
    rows.put(client("dynamodb"), "broker", {**ROW, "event": '{"id": "2"}'})
    with pytest.raises(Conflict):
        rows.put(client("dynamodb"), "broker", ROW)


def test_who_may_not_read_the_row_back_is_told_of_the_conflict(account) -> None:
    def denied(**_: Any) -> None:
        raise failure("AccessDeniedException")

    with pytest.raises(Conflict):
        rows.put(LosesTheFirstAnswer(denied), "broker", ROW)  # type: ignore[arg-type]


def test_a_condition_of_another_kind_is_not_read_back(account) -> None:
    rows.put(client("dynamodb"), "broker", ROW)
    with pytest.raises(Conflict):
        rows.put(client("dynamodb"), "broker", ROW, "attribute_exists(nothing)")
