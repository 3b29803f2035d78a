"""Metrics from log lines and states of alarms, as CloudWatch documents them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from localaws.alarms import Point, points, state, watched

AT = 1_000_000.0
POINT = Point("access-broker", "PruningFailures", {"deployment": "access-broker"}, AT, 1.0, "Count")
ALARM: dict[str, Any] = {
    "Namespace": "access-broker",
    "MetricName": "PruningFailures",
    "Dimensions": [{"Name": "deployment", "Value": "access-broker"}],
    "Statistic": "Maximum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


def test_a_line_in_the_embedded_metric_format_has_the_values_of_its_metrics() -> None:
    directive = {
        "Namespace": "access-broker",
        "Dimensions": [["deployment"], ["deployment", "code"]],
        "Metrics": [{"Name": "PruningFailures", "Unit": "Count"}],
    }
    document = {
        "_aws": {"Timestamp": AT * 1000, "CloudWatchMetrics": [directive]},
        "deployment": "access-broker", "code": "x", "PruningFailures": [1.0, 2.0],
    }  # fmt: skip
    both = {"deployment": "access-broker", "code": "x"}
    found = list(points(json.dumps(document)))
    assert found == [
        replace(POINT, value=value, dimensions=named) for named in (POINT.dimensions, both) for value in (1.0, 2.0)
    ]
    assert list(points("START RequestId: 1")) == []


@pytest.mark.parametrize(
    "other",
    [
        {"namespace": "other"},
        {"name": "Prunings"},
        {"dimensions": {}},
        {"dimensions": {"deployment": "staging"}},
        {"dimensions": {"deployment": "access-broker", "code": "x"}},
    ],
)
def test_an_alarm_watches_the_metric_with_exactly_its_dimensions(other: dict[str, Any]) -> None:
    assert watched(ALARM, POINT)
    assert not watched(ALARM, replace(POINT, **other))
    assert state(ALARM, [replace(POINT, **other)], AT) == "INSUFFICIENT_DATA"


def test_a_unit_is_part_of_what_an_alarm_watches_if_it_names_one() -> None:
    assert watched({**ALARM, "Unit": "Count"}, POINT)
    assert not watched({**ALARM, "Unit": "Percent"}, POINT)


@pytest.mark.parametrize(
    ("statistic", "threshold", "wanted"),
    [("Maximum", 3, "ALARM"), ("Sum", 4, "ALARM"), ("Sum", 5, "OK"), ("Average", 3, "OK"), ("SampleCount", 2, "ALARM"),
     ("Minimum", 2, "OK")],
)  # fmt: skip
def test_a_period_is_one_figure(statistic: str, threshold: int, wanted: str) -> None:
    alarm = {**ALARM, "Statistic": statistic, "Threshold": threshold}
    assert state(alarm, [POINT, replace(POINT, value=3.0)], AT) == wanted


def test_the_window_slides_past_a_value() -> None:
    assert state(ALARM, [POINT], AT + 299) == "ALARM"
    assert state({**ALARM, "TreatMissingData": "notBreaching"}, [POINT], AT + 300) == "OK"
    assert state(ALARM, [POINT, replace(POINT, value=0.0, at=AT + 60)], AT + 300) == "OK"


@pytest.mark.parametrize(
    ("treated", "wanted"),
    [("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA"), ("ignore", "ALARM")],
)
def test_missing_data_count_as_the_alarm_says(treated: str, wanted: str) -> None:
    assert state({**ALARM, "TreatMissingData": treated, "StateValue": "ALARM"}, [], AT) == wanted


def test_of_several_periods_as_many_breach_as_the_alarm_needs() -> None:
    alarm = {**ALARM, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching"}
    earlier = replace(POINT, at=AT - 600)
    assert state(alarm, [POINT], AT) == "OK"
    assert state(alarm, [POINT, earlier], AT) == "ALARM"
    assert state({**alarm, "DatapointsToAlarm": 3}, [POINT, earlier], AT) == "OK"
