"""The alarms and dashboards that a CloudWatch request names, and the namespace that it writes to.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions

from localaws.parity.policies.requests import operation, parameters, texts
from localaws.parity.policies.several_resources import arns
from localaws.parity.wrap import ArnQuestion, around

if TYPE_CHECKING:
    from collections.abc import Callable

WHOLE_ARN = "ResourceARN"
NAMED_BY = {
    "DeleteAlarms": "AlarmNames",
    "DescribeAlarms": "AlarmNames",
    "EnableAlarmActions": "AlarmNames",
    "DisableAlarmActions": "AlarmNames",
    "PutMetricAlarm": "AlarmName",
    "PutCompositeAlarm": "AlarmName",
    "SetAlarmState": "AlarmName",
    "DescribeAlarmHistory": "AlarmName",
    "PutDashboard": "DashboardName",
    "GetDashboard": "DashboardName",
    "DeleteDashboards": "DashboardNames",
    "TagResource": WHOLE_ARN,
    "UntagResource": WHOLE_ARN,
    "ListTagsForResource": WHOLE_ARN,
}

_namespace: ContextVar[str | None] = ContextVar("cloudwatch_namespace", default=None)


def resource_arn(original: Callable[..., str], *request: Any) -> str:
    """The ARN ministack builds, or those of the alarms and dashboards that are named."""
    question = ArnQuestion(*request)
    if question.service != "monitoring":
        return original(*request)
    asked, name = parameters(question.body, question.params), operation(question)
    _namespace.set(asked.get("Namespace") if name == "PutMetricData" else None)
    named_by = NAMED_BY.get(name, "")
    return arns(_arn(named_by, one, question) for one in texts(asked.get(named_by)))


def request_context(original: Callable[..., dict[str, Any]], service: str, *request: Any) -> dict[str, Any]:
    """The keys of the request, and `cloudwatch:namespace` of PutMetricData."""
    keys, namespace = original(service, *request), _namespace.get()
    return keys | ({"cloudwatch:namespace": namespace} if service == "monitoring" and namespace else {})


def _arn(named_by: str, name: str, question: ArnQuestion) -> str:
    if named_by == WHOLE_ARN:
        return name
    if named_by.startswith("Dashboard"):
        return f"arn:aws:cloudwatch::{question.account}:dashboard/{name}"
    return f"arn:aws:cloudwatch:{question.region}:{question.account}:alarm:{name}"


def install() -> None:
    """Answer for the resource first: ministack asks for the keys right after."""
    around(iam_actions, "extract_resource_arn", resource_arn)
    around(iam_actions, "request_tag_context", request_context)
