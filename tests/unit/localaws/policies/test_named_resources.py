"""Every resource that a request names is judged, under policies and under a permissions boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, denying, document, may

if TYPE_CHECKING:
    import boto3

HERE = f"us-east-1:{ACCOUNT}"
STATEMENTS = {
    "PartiQLSelect": "SELECT * FROM \"{}\" WHERE pk = 'a'",
    "PartiQLInsert": "INSERT INTO \"{}\" VALUE {{'pk': 'a'}}",
    "PartiQLUpdate": "UPDATE \"{}\" SET x = 1 WHERE pk = 'a'",
    "PartiQLDelete": "DELETE FROM \"{}\" WHERE pk = 'a'",
}
BY_KEY = 'SELECT * FROM "{}" WHERE pk = ?'
BY_OWNER = 'SELECT * FROM "{}"."by-owner" WHERE owner = ?'
ALL = 'SELECT * FROM "{}"'


@pytest.fixture
def name() -> str:
    return f"thing-{uuid4().hex[:8]}"


def only(account: Account, service: Any, *actions: str, **more: Any) -> Any:
    """A client that may do this and nothing else."""
    return account.client(service, account.user(allowing(*actions, **more))[1])


def bounded(account: Account, *denied: str, **more: Any) -> boto3.Session:
    """A user that may do everything but what its boundary denies."""
    boundary = account.client("iam").create_policy(
        PolicyName=f"boundary-{uuid4().hex[:8]}", PolicyDocument=document(allowing("*"), denying(*denied, **more))
    )["Policy"]["Arn"]
    return account.user(allowing("*"), boundary=boundary)[1]


def test_each_parameter_of_a_request_is_judged(account: Account) -> None:
    ssm = only(account, "ssm", "ssm:GetParameters", Resource=f"arn:aws:ssm:{HERE}:parameter/open/*")
    assert may(ssm, "get_parameters", Names=["/open/a", "/open/b:1"])
    assert not may(ssm, "get_parameters", Names=["/open/a", "/closed/b"])
    assert not may(ssm, "get_parameters", Names=["/closed/b"])


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("get_parameters", {"Names": ["/open/a", "/closed/a"]}),
        ("get_parameters", {"Names": [f"arn:aws:ssm:{HERE}:parameter/closed/a"]}),
        ("get_parameter", {"Name": "/closed/a:latest"}),
        ("delete_parameters", {"Names": ["/closed/a"]}),
        ("get_parameters_by_path", {"Path": "/closed/"}),
    ],
)
def test_a_boundary_closes_parameters(account: Account, operation: str, asked: dict[str, Any]) -> None:
    closed = [f"arn:aws:ssm:{HERE}:parameter/closed", f"arn:aws:ssm:{HERE}:parameter/closed/*"]
    ssm = account.client("ssm", bounded(account, "ssm:*", Resource=closed))
    assert not may(ssm, operation, **asked)
    assert may(ssm, "get_parameters", Names=["/open/a"])
    assert may(ssm, "get_parameters_by_path", Path="/open")


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("delete_alarms", {"AlarmNames": ["open", "closed-1"]}),
        ("disable_alarm_actions", {"AlarmNames": ["closed-1"]}),
        ("set_alarm_state", {"AlarmName": "closed-1", "StateValue": "OK", "StateReason": "x"}),
        ("delete_dashboards", {"DashboardNames": ["closed"]}),
        ("put_dashboard", {"DashboardName": "closed", "DashboardBody": "{}"}),
        ("tag_resource", {"ResourceARN": f"arn:aws:cloudwatch:{HERE}:alarm:closed-1", "Tags": []}),
    ],
)
def test_a_boundary_closes_alarms_and_dashboards(account: Account, operation: str, asked: dict[str, Any]) -> None:
    closed = [f"arn:aws:cloudwatch:{HERE}:alarm:closed-*", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/closed"]
    cloudwatch = account.client("cloudwatch", bounded(account, "*", Resource=closed))
    assert not may(cloudwatch, operation, **asked)
    assert may(cloudwatch, "delete_alarms", AlarmNames=["open"])
    assert may(cloudwatch, "delete_dashboards", DashboardNames=["open"])


def test_a_metric_is_judged_by_its_namespace(account: Account) -> None:
    condition = {"StringEquals": {"cloudwatch:namespace": "closed"}}
    cloudwatch = account.client("cloudwatch", bounded(account, "cloudwatch:PutMetricData", Condition=condition))
    data = [{"MetricName": "one", "Value": 1}]
    assert not may(cloudwatch, "put_metric_data", Namespace="closed", MetricData=data)
    assert may(cloudwatch, "put_metric_data", Namespace="open", MetricData=data)
    allowed = only(account, "cloudwatch", "cloudwatch:PutMetricData", Condition=condition)
    assert may(allowed, "put_metric_data", Namespace="closed", MetricData=data)
    assert not may(allowed, "put_metric_data", Namespace="open", MetricData=data)


def table(account: Account, name: str) -> str:
    """A table with a stream and an index: the stream's ARN."""
    made = account.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in ("pk", "owner")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def test_a_boundary_closes_a_stream(account: Account, name: str) -> None:
    stream, other = table(account, name), table(account, f"other-{name}")
    session = bounded(account, "dynamodb:*", Resource=f"arn:aws:dynamodb:{HERE}:table/{name}/*")
    streams, root = account.client("dynamodbstreams", session), account.client("dynamodbstreams")
    [shard] = root.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    at = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = root.get_shard_iterator(StreamArn=stream, **at)["ShardIterator"]
    assert not may(streams, "describe_stream", StreamArn=stream)
    assert not may(streams, "get_shard_iterator", StreamArn=stream, **at)
    assert not may(streams, "get_records", ShardIterator=iterator)
    assert not may(streams, "list_streams", TableName=name)
    assert may(streams, "describe_stream", StreamArn=other)


@pytest.mark.parametrize("action", STATEMENTS)
def test_a_statement_is_judged_by_what_it_does_and_on_its_table(account: Account, name: str, action: str) -> None:
    table(account, name)
    arn, text = f"arn:aws:dynamodb:{HERE}:table/{name}", STATEMENTS[action].format(name)
    allowed = only(account, "dynamodb", f"dynamodb:{action}", Resource=arn)
    elsewhere = only(account, "dynamodb", f"dynamodb:{action}", Resource=f"{arn}-other")
    by_call = only(account, "dynamodb", "dynamodb:ExecuteStatement", "dynamodb:GetItem", "dynamodb:PutItem")
    closed = account.client("dynamodb", bounded(account, "*", Resource=arn))
    assert may(allowed, "execute_statement", Statement=text)
    for refused in (elsewhere, by_call, closed):
        assert not may(refused, "execute_statement", Statement=text)
        assert not may(refused, "batch_execute_statement", Statements=[{"Statement": text}])
        assert not may(refused, "execute_transaction", TransactStatements=[{"Statement": text}])


def test_every_statement_of_a_batch_is_judged(account: Account, name: str) -> None:
    table(account, name)
    reads = only(account, "dynamodb", "dynamodb:PartiQLSelect", Resource=f"arn:aws:dynamodb:{HERE}:table/{name}")
    select, delete = ({"Statement": STATEMENTS[action].format(name)} for action in ("PartiQLSelect", "PartiQLDelete"))
    broken = {"Statement": "SELECT FROM WHERE"}
    assert may(reads, "batch_execute_statement", Statements=[select, select])
    assert not may(reads, "batch_execute_statement", Statements=[select, delete])
    assert not may(reads, "batch_execute_statement", Statements=[broken, delete])
    assert not may(reads, "execute_statement", **broken)


def test_a_select_of_an_index_is_judged_on_the_index_and_its_keys(account: Account, name: str) -> None:
    table(account, name)
    arn = f"arn:aws:dynamodb:{HERE}:table/{name}"
    index = only(account, "dynamodb", "dynamodb:PartiQLSelect", Resource=f"{arn}/index/by-owner")
    keyed = only(
        account,
        "dynamodb",
        "dynamodb:PartiQLSelect",
        Resource=[arn, f"{arn}/index/by-owner"],
        Condition={
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": "mine-*"},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    )
    by_index, by_key = BY_OWNER.format(name), BY_KEY.format(name)
    mine, others = ([{"S": value}] for value in ("mine-1", "others-1"))
    assert may(index, "execute_statement", Statement=by_index, Parameters=mine)
    assert not may(index, "execute_statement", Statement=by_key, Parameters=mine)
    for statement in (by_index, by_key):
        assert may(keyed, "execute_statement", Statement=statement, Parameters=mine)
        assert not may(keyed, "execute_statement", Statement=statement, Parameters=others)
    assert not may(keyed, "execute_statement", Statement=ALL.format(name))
