"""An alarm watches one metric, with exactly its dimensions, period by period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html

ministack takes every metric of the name, whatever its dimensions. As in
ministack, an alarm is judged when a value of its metric arrives: nothing
notices that data are missing.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch

from localaws import alarms
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def judge(original: Callable[[dict[str, Any]], None], alarm: dict[str, Any]) -> None:
    """Change the alarm's state, tell its topics and the alarms that are made of it."""
    if alarm.get("Statistic") not in alarms.STATISTICS or alarm["ComparisonOperator"] not in alarms.COMPARISONS:
        original(alarm)
        return
    own = list(_points(alarm))
    was, now = alarm["StateValue"], alarms.state(alarm, own, time.time()) if own else alarm["StateValue"]
    if was == now:
        return
    reason = f"Threshold Crossed: {alarm['Statistic']} {alarm['ComparisonOperator']} {alarm['Threshold']}"
    alarm |= {"StateValue": now, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
    cloudwatch._record_history(alarm["AlarmName"], was, now, reason)
    cloudwatch._dispatch_alarm_actions(alarm, was, now, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _points(alarm: dict[str, Any]) -> Iterator[alarms.Point]:
    dimensions = cloudwatch._dims_from_list(alarm.get("Dimensions") or [])
    namespace, name = str(alarm.get("Namespace")), str(alarm.get("MetricName"))
    for kept in cloudwatch._metrics.get((namespace, name, cloudwatch._dims_key(dimensions))) or ():
        count = int(kept.get("Count", 1))
        point = alarms.Point(namespace, name, dimensions, kept["Timestamp"], kept["Value"], kept["Unit"])
        yield from [point] * count


def install() -> None:
    """Judge by the alarm's own metric."""
    around(cloudwatch, "_evaluate_alarm", judge)
