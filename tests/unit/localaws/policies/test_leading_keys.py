"""Policies of the embedded AWS can speak of partition keys and of log groups as on AWS."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, may

ONLY_SESSIONS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SESSION#*", "7"]}}


def key(partition: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": "x"}}


@pytest.fixture(scope="module")
def table(account: Account) -> str:
    names = ("pk", "sk", "owner")
    account.client("dynamodb").create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return "rows"


@pytest.fixture(scope="module")
def limited(account: Account, table: str) -> Any:
    """A client whose only permission is for sessions' rows."""
    resources = [f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}{suffix}" for suffix in ("", "/index/*")]
    _, keys = account.user(allowing("dynamodb:*", Resource=resources, Condition=ONLY_SESSIONS))
    return account.client("dynamodb", keys)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("get_item", lambda pk: {"Key": key(pk)}),
        ("put_item", lambda pk: {"Item": key(pk)}),
        ("update_item", lambda pk: {"Key": key(pk)}),
        ("delete_item", lambda pk: {"Key": key(pk)}),
        (
            "query",
            lambda pk: {
                "KeyConditionExpression": "#p = :p AND begins_with(sk, :s)",
                "ExpressionAttributeNames": {"#p": "pk"},
                "ExpressionAttributeValues": {":p": {"S": pk}, ":s": {"S": "x"}},
            },
        ),
        (
            "query",
            lambda pk: {
                "IndexName": "by-owner",
                "KeyConditionExpression": "owner = :o",
                "ExpressionAttributeValues": {":o": {"S": pk}},
            },
        ),
    ],
)
def test_one_item_is_allowed_by_its_partition_key(limited: Any, table: str, operation: str, asked: Any) -> None:
    assert may(limited, operation, TableName=table, **asked("SESSION#1"))
    assert not may(limited, operation, TableName=table, **asked("ROLE#1"))


def test_a_batch_is_allowed_only_if_all_its_keys_are(limited: Any, table: str) -> None:
    def read(*partitions: str) -> bool:
        return may(limited, "batch_get_item", RequestItems={table: {"Keys": [key(one) for one in partitions]}})

    def write(*partitions: str) -> bool:
        puts = [{"PutRequest": {"Item": key(one)}} for one in partitions]
        return may(limited, "batch_write_item", RequestItems={table: puts})

    assert read("SESSION#1", "SESSION#2")
    assert not read("SESSION#1", "ROLE#1")
    assert write("SESSION#1", "SESSION#2")
    assert not write("SESSION#1", "ROLE#1")


def test_each_item_of_a_transaction_is_allowed_by_its_own_key(limited: Any, table: str) -> None:
    def write(*partitions: str) -> bool:
        puts = [{"Put": {"TableName": table, "Item": key(one)}} for one in partitions]
        return may(limited, "transact_write_items", TransactItems=puts)

    assert write("SESSION#3", "SESSION#4")
    assert not write("SESSION#5", "ROLE#1")


def test_a_transaction_may_put_sessions_and_only_delete_grants(account: Account, table: str) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}"

    def on(action: str, pattern: str) -> dict[str, Any]:
        condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [pattern]}}
        return allowing(f"dynamodb:{action}", Resource=arn, Condition=condition)

    _, keys = account.user(on("PutItem", "SESSION#*"), on("DeleteItem", "GRANT#*"))
    dynamodb = account.client("dynamodb", keys)
    put = {"Put": {"TableName": table, "Item": key("SESSION#8")}}
    delete = {"Delete": {"TableName": table, "Key": key("GRANT#8")}}
    wrong = {"Delete": {"TableName": table, "Key": key("SESSION#8")}}
    assert may(dynamodb, "transact_write_items", TransactItems=[put, delete])
    assert not may(dynamodb, "transact_write_items", TransactItems=[put, wrong])


def test_a_log_group_needs_the_star_after_its_name(account: Account) -> None:
    group = f"/test/{uuid4().hex[:8]}"
    account.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    actions = ("logs:CreateLogStream", "logs:PutLogEvents", "logs:FilterLogEvents")
    _, starred = account.user(allowing(*actions, Resource=f"{arn}:*"))
    _, bare = account.user(allowing(*actions, Resource=arn))
    for keys, allowed in ((starred, True), (bare, False)):
        logs = account.client("logs", keys)
        assert may(logs, "create_log_stream", logGroupName=group, logStreamName="one") is allowed
        event = {"timestamp": 1, "message": "x"}
        asked = {"logGroupName": group, "logStreamName": "one", "logEvents": [event]}
        assert may(logs, "put_log_events", **asked) is allowed
        assert may(logs, "filter_log_events", logGroupName=group) is allowed


def test_one_stream_of_a_log_group_can_be_allowed_alone(account: Account) -> None:
    group = f"/test/{uuid4().hex[:8]}"
    account.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:log-stream:mine"
    _, keys = account.user(allowing("logs:CreateLogStream", Resource=arn))
    logs = account.client("logs", keys)
    assert may(logs, "create_log_stream", logGroupName=group, logStreamName="mine")
    assert not may(logs, "create_log_stream", logGroupName=group, logStreamName="yours")
