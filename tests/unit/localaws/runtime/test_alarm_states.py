"""A line that a function logs becomes a metric, and the alarm on exactly that metric goes off and tells its topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.subscribing import subscribed
from tests.unit.localaws.runtime.test_functions import run

if TYPE_CHECKING:
    from tests.unit.localaws.conftest import Account

LINE = """
import json, time
def run(event, context):
    directive = {"Namespace": %r, "Dimensions": [["deployment"]], "Metrics": [{"Name": "Failures"}]}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": aws, "deployment": %r, "Failures": [0.0, 1.0]}))
"""


def alarm(account: Account, namespace: str, topic: str = "") -> Any:
    name, cloudwatch = f"alarm-{uuid4().hex[:8]}", account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace=namespace, MetricName="Failures", Statistic="Maximum", Threshold=1, Period=300,
        Dimensions=[{"Name": "deployment", "Value": "ours"}], EvaluationPeriods=1, TreatMissingData="notBreaching",
        ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic] if topic else [],
    )  # fmt: skip
    return lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


def test_a_line_that_a_function_logs_sets_off_the_alarm_on_its_metric_alone(account: Account) -> None:
    ours, other = f"ours-{uuid4().hex[:8]}", f"other-{uuid4().hex[:8]}"
    sns, sqs = account.client("sns"), account.client("sqs")
    topic = sns.create_topic(Name=ours)["TopicArn"]
    received = subscribed(sns, sqs, topic, ours)
    watching, elsewhere = alarm(account, ours, topic), alarm(account, other)
    run(account, LINE % (ours, "theirs"))
    assert watching() == "INSUFFICIENT_DATA"
    run(account, LINE % (ours, "ours"))
    assert (watching(), elsewhere()) == ("ALARM", "INSUFFICIENT_DATA")
    assert [json.loads(one["Message"])["NewStateValue"] for one in received()] == ["ALARM"]


def test_a_value_with_other_dimensions_changes_no_alarm(account: Account) -> None:
    namespace = f"ours-{uuid4().hex[:8]}"
    watching = alarm(account, namespace)
    for dimensions, wanted in ((["theirs"], "INSUFFICIENT_DATA"), ([], "INSUFFICIENT_DATA"), (["ours"], "ALARM")):
        named = [{"Name": "deployment", "Value": value} for value in dimensions]
        point = {"MetricName": "Failures", "Dimensions": named, "Value": 1.0}
        account.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[point])
        assert watching() == wanted
