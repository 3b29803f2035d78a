"""A deployment's own alarms, and a queue that is subscribed to their topic."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from chalicelib.core.aws.metrics import NAMESPACE
from localaws import stack
from localaws.alarms import points, state
from tests.subscribing import subscribed

if TYPE_CHECKING:
    from localaws.broker import Broker


class AlarmWatch:
    """The alarms on the broker's own metrics, by the name of the metric."""

    def __init__(self, broker: Broker) -> None:
        """Every alarm is OK now, so that each one that a fault sets off has to go off anew."""
        session = broker.session_for("admin")
        self._cloudwatch, self._logs = session.client("cloudwatch"), session.client("logs")
        sns, sqs = session.client("sns"), session.client("sqs")
        self._received = subscribed(sns, sqs, broker.outputs["AlarmTopicArn"], "alarm-watch")
        for alarm in self._alarms().values():
            self._cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="a test begins")

    def told(self) -> set[str]:
        """The alarms that went off since the last look, as a subscriber of the topic learns it."""
        messages = [json.loads(one["Message"]) for one in self._received()]
        return {one["Trigger"]["MetricName"] for one in messages if one["NewStateValue"] == "ALARM"}

    def ringing(self, *functions: str, since: float) -> set[str]:
        """The alarms on what these functions write, in a period that has only what they have logged since then."""
        groups = [f"/aws/lambda/{stack.NAME}-{name}" for name in functions]
        pages = self._logs.get_paginator("filter_log_events")
        start = int(since * 1000)
        logged = [page["events"] for name in groups for page in pages.paginate(logGroupName=name, startTime=start)]
        found = [point for events in logged for event in events for point in points(event["message"])]
        written = {point.name for point in found}
        judged = {metric: state(alarm, found, time.time()) for metric, alarm in self._alarms().items()}
        return {metric for metric, one in judged.items() if one == "ALARM" and metric in written}

    def _alarms(self) -> dict[str, Any]:
        every = self._cloudwatch.describe_alarms()["MetricAlarms"]
        return {one["MetricName"]: one for one in every if one.get("Namespace") == NAMESPACE}
