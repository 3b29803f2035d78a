"""The alarms of the template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Watching"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of the template by its logical id; `state` is empty where it does not exist."""

    state: str
    acts: bool = True
    """True if its actions are on and there is at least one."""
    settled: bool = True
    """True if it is old enough to have been evaluated."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """The template's alarms; `subscribers` of their topic that are confirmed."""

    embedded: bool
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    subscribers: int = 0


@check(
    "alarms-exist",
    topic=TOPIC,
    fact="alarms",
    asks="every alarm of the template exists and has its actions on",
    why="an alarm that is gone or muted never rings",
    do="revert the drift (docs/doctor.md) where one is gone; "
    "aws cloudwatch enable-alarm-actions --alarm-names NAME where one is mute",
)
def alarms_exist(facts: Alarms) -> Finding:
    """By DescribeAlarms."""
    gone = [f"{name} is gone" for name, alarm in facts.alarms.items() if not alarm.state]
    mute = [f"{name} is mute" for name, alarm in facts.alarms.items() if alarm.state and not alarm.acts]
    return none_of([*gone, *mute], "these alarms", f"{len(facts.alarms)} alarms")


@check(
    "alarms-have-data",
    topic=TOPIC,
    fact="alarms",
    asks="no alarm lacks data",
    why="every alarm of the template says how missing data counts, so one without a state watches a wrong name",
    do="compare the alarm's metric and dimensions with `aws cloudwatch list-metrics`",
)
def alarms_have_data(facts: Alarms) -> Finding:
    """None in INSUFFICIENT_DATA after its first periods."""
    if facts.embedded:
        raise NotHere("the embedded AWS publishes few metrics and evaluates few alarms")
    blind = [name for name, alarm in facts.alarms.items() if alarm.state == "INSUFFICIENT_DATA" and alarm.settled]
    return none_of(blind, "without data", f"{len(facts.alarms)} alarms")


@check(
    "alarms-quiet",
    topic=TOPIC,
    fact="alarms",
    asks="no alarm rings",
    why="the template's alarms ring for what people have to look at",
    do="docs/operations.md, Watch, says for each alarm what it means and what to do",
)
def alarms_quiet(facts: Alarms) -> Finding:
    """None in ALARM; one that is minutes old may ring until its schedule has run."""
    ringing = [name for name, alarm in facts.alarms.items() if alarm.state == "ALARM" and alarm.settled]
    return none_of(ringing, "ringing", "all quiet")


@check(
    "alarms-heard",
    topic=TOPIC,
    fact="alarms",
    asks="the alarms' topic has a subscriber",
    why="without a subscriber, no person is told of an alarm",
    do="aws sns subscribe --topic-arn ARN --protocol email --notification-endpoint ADDRESS; the stack's output "
    "AlarmTopicArn is the ARN",
)
def alarms_heard(facts: Alarms) -> Finding:
    """Confirmed subscriptions."""
    if facts.subscribers:
        return ok(f"{facts.subscribers} subscribers")
    if facts.embedded:
        raise NotHere("the alarms of an embedded AWS need no listener")
    return failed("the topic has no confirmed subscriber")
