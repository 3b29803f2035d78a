"""A stream delivers records again that a function reports as failed."""

from __future__ import annotations

import time
from uuid import uuid4

from tests.unit.localaws.conftest import Account, allowing, document
from tests.unit.localaws.runtime.test_functions import TRUSTS_LAMBDA, archive

DEADLINE_SECONDS = 120

SOURCE = """
seen = []

def run(event, context):
    numbers = [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]
    failed = [] if seen else [{"itemIdentifier": event["Records"][0]["dynamodb"]["SequenceNumber"]}]
    seen.extend(numbers)
    print("SEEN " + " ".join(seen))
    return {"batchItemFailures": failed}
"""


def consume(account: Account, name: str) -> None:
    """A table whose stream goes to a function that reports its first batch as failed."""
    iam, dynamodb, functions = account.client("iam"), account.client("dynamodb"), account.client("lambda")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUSTS_LAMBDA, trust=True))["Role"]
    reading = document(allowing("dynamodb:*", "logs:*"))
    iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=reading)
    key = {"AttributeName": "pk"}
    table = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{**key, "AttributeType": "S"}],
        KeySchema=[{**key, "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="handler.run",
        Role=role["Arn"],
        Code={"ZipFile": archive(SOURCE)},
    )
    functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def printed(account: Account, name: str) -> list[str]:
    """The lines so far; none as long as the function has not run."""
    logs = account.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"].strip() for event in events if event["message"].startswith("SEEN")]


def test_a_failed_record_is_delivered_again_and_none_after_it_is_lost(account: Account) -> None:
    name = f"stream-{uuid4().hex[:8]}"
    consume(account, name)
    for number in ("a", "b"):
        account.client("dynamodb").put_item(TableName=name, Item={"pk": {"S": number}})
    until = time.monotonic() + DEADLINE_SECONDS
    lines: list[str] = []
    while time.monotonic() < until and not (lines and lines[-1].endswith("b") and lines[-1].count("a") > 1):
        time.sleep(0.1)
        lines = printed(account, name)
    assert lines[-1] in {"SEEN a a b", "SEEN a b a b"}
