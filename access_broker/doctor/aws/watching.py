"""Alarms, dead letters and schedules, as CloudWatch, SQS and EventBridge have them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from access_broker.doctor.checks.alarms import Alarm, Alarms
from access_broker.doctor.checks.watching import Schedule

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

SETTLED = timedelta(minutes=20)
"""Alarms on figures of a schedule ring until its first runs, fifteen minutes after a first deployment."""

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
LONGEST = 86400
"""Counted for cron expressions: a day."""

FIGURES_LATE = 600
"""Seconds until CloudWatch shows a figure."""

AT_A_TIME = 100
"""Names that DescribeAlarms takes."""


def alarms(deployment: Deployment) -> Alarms:
    """The template's alarms by logical id."""
    wanted = {one.physical: one.logical for one in deployment.template.of_type("AWS::CloudWatch::Alarm")}
    found = {one["AlarmName"]: one for one in _described(deployment, list(wanted))}
    judged = {logical: _alarm(deployment, found.get(name)) for name, logical in wanted.items()}
    return Alarms(deployment.embedded, judged, _subscribers(deployment))


def _described(deployment: Deployment, names: list[str]) -> list[Any]:
    client = deployment.client("cloudwatch")
    parts = [names[at : at + AT_A_TIME] for at in range(0, len(names), AT_A_TIME)]
    return [one for part in parts for one in client.describe_alarms(AlarmNames=part, MaxRecords=100)["MetricAlarms"]]


def _alarm(deployment: Deployment, found: Any) -> Alarm:
    if not found:
        return Alarm("")
    age = deployment.now - found["AlarmConfigurationUpdatedTimestamp"]
    acts = found.get("ActionsEnabled", False) and bool(found.get("AlarmActions"))
    return Alarm(found["StateValue"], acts, age > SETTLED)


def _subscribers(deployment: Deployment) -> int:
    topics = [one.physical for one in deployment.template.of_type("AWS::SNS::Topic")]
    found = [
        one
        for topic in topics
        for one in deployment.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    ]
    return sum(one["SubscriptionArn"].startswith("arn:") for one in found)


def dead_letters(deployment: Deployment) -> dict[str, int]:
    """Messages in each queue whose name says that it takes dead letters."""
    queues = [one for one in deployment.template.of_type("AWS::SQS::Queue") if "dead-letters" in one.physical]
    return {one.physical.rsplit("/", 1)[-1]: _messages(deployment, one.physical) for one in queues}


def _messages(deployment: Deployment, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = deployment.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes.get(name, 0)) for name in names)


def schedules(deployment: Deployment) -> dict[str, Schedule]:
    """The template's rules with a schedule, by name."""
    rules = deployment.template.of_type("AWS::Events::Rule")
    timed = [(one.physical, deployment.template.properties(one.logical)) for one in rules]
    return {name: _schedule(deployment, name, wanted) for name, wanted in timed if "ScheduleExpression" in wanted}


def _schedule(deployment: Deployment, name: str, wanted: dict[str, Any]) -> Schedule:
    seconds = 2 * _period(wanted["ScheduleExpression"])
    ran = _logged(deployment, wanted, seconds) if deployment.embedded else _counted(deployment, name, seconds)
    due = deployment.age_seconds > seconds + (0 if deployment.embedded else FIGURES_LATE)
    return Schedule(_rule(deployment, name).get("State", ""), wanted["ScheduleExpression"], ran, due)


def _rule(deployment: Deployment, name: str) -> dict[str, Any]:
    client = deployment.client("events")
    try:
        described: dict[str, Any] = client.describe_rule(Name=name)
    except client.exceptions.ResourceNotFoundException:
        return {}
    return described


def _period(expression: str) -> int:
    found = RATE.fullmatch(expression)
    return int(found[1]) * SECONDS[found[2]] if found else LONGEST


def _counted(deployment: Deployment, rule: str, seconds: int) -> bool:
    return count_of(deployment, "AWS/Events", "Invocations", ("RuleName", rule), seconds) > 0


def _logged(deployment: Deployment, wanted: dict[str, Any], seconds: int) -> bool:
    """True if the rule's function logged anything lately: the embedded AWS publishes no figures of rules."""
    group = f"/aws/lambda/{wanted['Targets'][0]['Arn'].rsplit(':', 1)[-1]}"
    streams = deployment.pages("logs", "describe_log_streams", "logStreams", logGroupName=group)
    last = max((one.get("lastEventTimestamp", 0) for one in streams), default=0) / 1000
    return deployment.now.timestamp() - last <= seconds


def count_of(deployment: Deployment, namespace: str, metric: str, dimension: tuple[str, str], seconds: int) -> int:
    """The sum of a metric in the last seconds; 0 where nothing was ever published under that name."""
    answer = deployment.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension[0], "Value": dimension[1]}],
        StartTime=deployment.now - timedelta(seconds=seconds),
        EndTime=deployment.now,
        Period=max(60, seconds // 60 * 60),
        Statistics=["Sum"],
    )
    return sum(round(point["Sum"]) for point in answer["Datapoints"])
