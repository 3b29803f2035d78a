"""CloudWatch metrics in the embedded metric format: a JSON line on standard output, no call."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.core.domain.times import from_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMESPACE = "access-broker"

COUNTED = {
    "issue": "Issues",
    "issue_failed": "IssueFailures",
    "refuse": "Refusals",
    "revoke": "Revocations",
    "expire": "Expirations",
    "bypass": "Bypasses",
    "unrecorded": "Unrecorded",
    "direct_use": "DirectUses",
    "cleanup": "CleanUps",
}
"""The metric of an event's type; types without a metric are not watched."""

TOLD_LATER = frozenset({"expire", "bypass", "unrecorded", "direct_use"})
"""Events that are recorded later than they happened: `at` is when time was up, or when CloudTrail saw it."""


class EmfMeter:
    """Namespace access-broker, dimension `deployment`; refusals also by `code`."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment

    def events(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Count events that reached the log, and how long they took to get there from when they were written."""
        counts = Counter(COUNTED[event["type"]] for event in events if event["type"] in COUNTED)
        metrics = self._metrics()
        for name, count in counts.items():
            metrics.add_metric(name, MetricUnit.Count, count)
        for event in [event for event in events if event["type"] not in TOLD_LATER]:
            delay = from_rfc3339(event["recorded_at"]) - from_rfc3339(event["at"])
            metrics.add_metric("AuditDelay", MetricUnit.Milliseconds, max(0, round(delay.total_seconds() * 1000)))
        if events:
            metrics.flush_metrics()
        self._refusals(Counter(event["detail"].get("code", "") for event in events if event["type"] == "refuse"))

    def count(self, name: str, value: int) -> None:
        """One number under its name."""
        self._one(name, MetricUnit.Count, value)

    def percent(self, name: str, value: float) -> None:
        """One share of a hundred under its name."""
        self._one(name, MetricUnit.Percent, value)

    def _one(self, name: str, unit: MetricUnit, value: float) -> None:
        metrics = self._metrics()
        metrics.add_metric(name, unit, value)
        metrics.flush_metrics()

    def _refusals(self, codes: Counter[str]) -> None:
        for code, count in codes.items():
            metrics = self._metrics(code=code or "unknown")
            metrics.add_metric("RefusalsByCode", MetricUnit.Count, count)
            metrics.flush_metrics()

    def _metrics(self, **dimensions: str) -> EphemeralMetrics:
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        for name, value in {"deployment": self._deployment, **dimensions}.items():
            metrics.add_dimension(name, value)
        return metrics
