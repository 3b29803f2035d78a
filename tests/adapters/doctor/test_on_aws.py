"""The doctor's looks that only AWS answers, against moto; tests/e2e/test_doctor.py has the others."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
import pytest

from access_broker.doctor.aws import code, questions, trail, watching
from access_broker.doctor.aws.deployment import Deployment
from access_broker.doctor.aws.template import Resource, Template
from access_broker.doctor.checks.questions import ApiNames
from access_broker.failures import Misused

REGION = "us-east-1"
VALUES = {"AWS::Region": REGION, "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::StackName": "broker"}
NAMES = {"Trail": "broker-trail", "APIHandler": "broker-api", "ApiHandlerRole": "broker-api-role"}
DIMENSIONS = [{"Name": "ApiName", "Value": {"Ref": "AWS::StackName"}}]
BODY = {"Resources": {"ApiErrorsAlarm": {"Properties": {"Dimensions": DIMENSIONS}}}}


@pytest.fixture
def patient(account: None) -> Deployment:
    broker: Any = None
    found = Deployment(
        "https://abc.execute-api.us-east-1.amazonaws.com/api", broker, botocore.session.get_session(), REGION
    )
    resources = {name: Resource(name, "AWS::Lambda::Function", physical) for name, physical in NAMES.items()}
    alarm = Resource("ApiErrorsAlarm", "AWS::CloudWatch::Alarm", "broker-ApiErrorsAlarm-1")
    found.__dict__["template"] = Template(BODY, resources | {alarm.logical: alarm}, VALUES, {})
    return found


def client(service: Any) -> Any:
    return boto3.client(service, region_name=REGION)


def put(namespace: str, metric: str, dimension: str, value: str, count: float = 1.0) -> None:
    datum = {
        "MetricName": metric, "Dimensions": [{"Name": dimension, "Value": value}], "Value": count,
        "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
    }  # fmt: skip
    client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])


def a_trail(name: str, *, selectors: list[Any], everywhere: bool = True, logging: bool = True) -> None:
    client("s3").create_bucket(Bucket=f"{name}-bucket")
    tracking = client("cloudtrail")
    tracking.create_trail(Name=name, S3BucketName=f"{name}-bucket", IsMultiRegionTrail=everywhere)
    tracking.put_event_selectors(TrailName=name, **{"EventSelectors": selectors} if selectors else {})
    if logging:
        tracking.start_logging(Name=name)


WHOLE = {"ReadWriteType": "All", "IncludeManagementEvents": True}


@pytest.mark.parametrize(
    ("selector", "more", "complete"),
    [
        (WHOLE, {}, True),
        (WHOLE, {"logging": False}, False),
        (WHOLE, {"everywhere": False}, False),
        (WHOLE | {"ReadWriteType": "WriteOnly"}, {}, False),
        (WHOLE | {"IncludeManagementEvents": False}, {}, False),
    ],
)
def test_a_trail_counts_that_logs_reads_and_writes_everywhere(
    patient: Deployment, selector: Any, more: Any, complete: Any
) -> None:
    a_trail("management", selectors=[selector], **more)
    found = trail.trails(patient)
    assert found.trails == (("management", complete),)
    assert not found.embedded


@pytest.mark.parametrize(
    ("fields", "whole"),
    [
        ([{"Field": "eventCategory", "Equals": ["Management"]}], True),
        ([{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}], False),
        ([{"Field": "eventCategory", "Equals": ["Data"]}], False),
    ],
)
def test_advanced_selectors_count_where_they_leave_no_management_event_out(fields: Any, whole: Any) -> None:
    assert trail._logs_management({"FieldSelectors": fields}) is whole  # noqa: SLF001  moto keeps no advanced selectors


def test_runs_of_a_function_are_counted_and_silence_is_none(patient: Deployment) -> None:
    put("AWS/Lambda", "Invocations", "FunctionName", "broker-trail", 3.0)
    counted = [
        watching.count_of(patient, "AWS/Lambda", "Invocations", ("FunctionName", name), 86400)
        for name in ("broker-trail", "broker-other")
    ]
    assert counted == [3, 0]


def test_the_names_of_apis_in_metrics_are_found_beside_the_watched_one(patient: Deployment) -> None:
    put("AWS/ApiGateway", "Count", "ApiName", "access-broker")
    assert questions.api_names(patient) == ApiNames(("access-broker",), "broker")


def test_a_burst_of_reads_is_counted(patient: Deployment) -> None:
    client("iam").create_role(RoleName="broker-api-role", AssumeRolePolicyDocument="{}")
    found = questions.read_rate(patient)
    assert (found.asked, found.throttled) == (questions.READS, 0)


def test_the_slowest_cold_start_is_found_and_warm_calls_are_left_out(patient: Deployment) -> None:
    group = {"logGroupName": "/aws/lambda/broker-api", "logStreamName": "one"}
    logs = client("logs")
    logs.create_log_group(logGroupName=group["logGroupName"])
    logs.create_log_stream(**group)
    assert questions.cold_starts(patient) is None
    lines = [
        "REPORT RequestId: 1\tDuration: 900.50 ms\tBilled Duration: 901 ms\tInit Duration: 1099.50 ms",
        "REPORT RequestId: 2\tDuration: 9000.00 ms\tBilled Duration: 9000 ms",
    ]
    now = round(time.time() * 1000)
    logs.put_log_events(**group, logEvents=[{"timestamp": now, "message": line} for line in lines])
    assert questions.cold_starts(patient) == pytest.approx(2.0)


def test_a_role_switched_to_elsewhere_counts_as_heard_only_where_a_rule_forwards(
    patient: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        questions, "_switched", lambda _patient, region: region in {"us-east-1", "us-west-2", "us-east-2"}
    )
    events = boto3.client("events", region_name="us-west-2")
    events.put_rule(Name="forward", EventPattern='{"source": ["aws.sts"]}')
    assert questions.switch_role_regions(patient) == {"us-east-1": True, "us-west-2": True, "us-east-2": False}


def test_a_package_that_is_not_there_is_a_wrong_use(patient: Deployment) -> None:
    patient.package = "nowhere"
    with pytest.raises(Misused, match="nowhere"):
        code.functions(patient)
