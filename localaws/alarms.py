"""CloudWatch's metrics from log lines, and the state of an alarm. Pure: the parity rules and the tests use both.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring: CloudWatch_Embedded_Metric_Format_Specification.html,
alarm-evaluation.html, alarms-and-missing-data.html. One difference: where data are missing, AWS also looks at some
periods before the evaluated ones.
"""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Maximum": max,
    "Minimum": min,
    "Sum": sum,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
MISSING = {"breaching": True, "notBreaching": False}


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric. A metric is its namespace, its name and exactly these dimensions."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    at: float
    """Seconds since 1970."""
    value: float
    unit: str = "None"


def points(line: str) -> Iterator[Point]:
    """The values that CloudWatch takes from a line of a log; none if the line is not in the embedded metric format."""
    if '"_aws"' not in line:
        return
    document = json.loads(line)
    at = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: document[name] for name in names}
            for metric in directive["Metrics"]:
                values = document[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield Point(
                        directive["Namespace"], metric["Name"], dimensions, at, value, metric.get("Unit", "None")
                    )


def watched(alarm: Mapping[str, Any], point: Point) -> bool:
    """True if the alarm, as PutMetricAlarm or DescribeAlarms has it, watches the metric of this value."""
    dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())}
    metric = (alarm.get("Namespace"), alarm.get("MetricName"), dimensions)
    return metric == (point.namespace, point.name, point.dimensions) and alarm.get("Unit") in {None, "", point.unit}


def state(alarm: Mapping[str, Any], found: Iterable[Point], at: float) -> str:
    """The alarm's state at a moment, after the state that it has: OK, ALARM or INSUFFICIENT_DATA."""
    periods = int(alarm["EvaluationPeriods"])
    own = [point for point in found if watched(alarm, point)]
    breaches = [
        _breaches(alarm, _values(own, at - number * alarm["Period"], alarm["Period"])) for number in range(periods)
    ]
    if None in breaches and not any(breach is not None for breach in breaches):
        kept = alarm.get("TreatMissingData") == "ignore"
        return str(alarm.get("StateValue", "INSUFFICIENT_DATA")) if kept else "INSUFFICIENT_DATA"
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    return "ALARM" if breaches.count(True) >= needed else "OK"


def _values(own: Iterable[Point], end: float, period: float) -> list[float]:
    """The values of a period that ends now: the window slides."""
    return [point.value for point in own if end - period < point.at <= end]


def _breaches(alarm: Mapping[str, Any], values: Sequence[float]) -> bool | None:
    """True if the period breaches the threshold; None where data are missing and count neither way."""
    if not values:
        return MISSING.get(str(alarm.get("TreatMissingData")))
    figure = STATISTICS[alarm["Statistic"]](values)
    return COMPARISONS[alarm["ComparisonOperator"]](figure, float(alarm["Threshold"]))
