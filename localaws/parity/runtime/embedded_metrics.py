"""CloudWatch makes metrics of the lines that functions log in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch, lambda_svc

from localaws import alarms
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable


def extract(
    original: Callable[..., None], func: dict[str, Any], request_id: str, log_text: str, *rest: Any, **more: Any
) -> None:
    """Write the log, then keep the values in it, and have their alarms judged."""
    original(func, request_id, log_text, *rest, **more)
    found = [point for line in (log_text or "").splitlines() for point in alarms.points(line)]
    for point in found:
        where = (point.namespace, point.name, dict(point.dimensions), point.at, point.unit)
        cloudwatch._store_datum(*where, point.value, None, None, None)
    for alarm in list(cloudwatch._alarms.values()):
        if any(alarms.watched(alarm, point) for point in found):
            cloudwatch._evaluate_alarm(alarm)


def install() -> None:
    """Read what functions log."""
    around(lambda_svc, "_emit_lambda_logs", extract)
