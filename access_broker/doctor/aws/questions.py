"""Experiments and look-ups whose answers only AWS itself has."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from access_broker.doctor.checks.questions import ApiNames, ReadRate
from access_broker.doctor.model import NotHere
from access_broker.failures import Failure

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

READS = 60
REPORT = re.compile(r"Duration: ([\d.]+) ms.*?Init Duration: ([\d.]+) ms", re.DOTALL)
LATELY = timedelta(days=90)
"""As far back as CloudTrail's event history goes."""

SIGN_IN_REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-north-1", "ap-southeast-2")
"""Regions of console sign-in endpoints (CloudTrail user guide, console sign-in events)."""


def api_names(deployment: Deployment) -> ApiNames:
    """ListMetrics of the last two weeks."""
    _only_on_aws(deployment, "API Gateway publishes no metrics")
    found = deployment.pages("cloudwatch", "list_metrics", "Metrics", Namespace="AWS/ApiGateway", MetricName="Count")
    names = {one["Value"] for metric in found for one in metric["Dimensions"] if one["Name"] == "ApiName"}
    watched = [one for one in deployment.template.of_type("AWS::CloudWatch::Alarm") if one.logical == "ApiErrorsAlarm"]
    dimensions = deployment.template.properties(watched[0].logical)["Dimensions"]
    return ApiNames(tuple(sorted(names)), next(one["Value"] for one in dimensions if one["Name"] == "ApiName"))


def index_queries(deployment: Deployment) -> dict[str, str]:
    """Lists that read an index, each with the refusal if there was one."""
    me = deployment.broker.get("whoami")["name"]
    asked = {
        "sessions by caller": ("sessions", {"caller": me}),
        "sessions by role": ("sessions", {"role": deployment.canary_role or "access-broker-doctor"}),
        "requests": ("requests", {}),
    }
    return {name: _refusal(deployment, path, query) for name, (path, query) in asked.items()}


def _refusal(deployment: Deployment, path: str, query: dict[str, str]) -> str:
    try:
        deployment.broker.get(path, limit=1, **query)
    except Failure as failure:
        return failure.sentence
    return ""


def filled(deployment: Deployment) -> int:
    """Values that FILL yields for a metric that was never published, beside one that was."""
    _only_on_aws(deployment, "metric math is not evaluated as CloudWatch does")
    function = deployment.template.resources["APIHandler"].physical
    answer = deployment.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {"Id": "result", "Expression": "IF(FILL(never, 0) == 0 AND ran >= 0, 1, 0)"},
            _metric("never", "DoctorNeverPublished", ("FunctionName", function)),
            _metric("ran", "Invocations", ("FunctionName", function)),
        ],
        StartTime=deployment.now - timedelta(days=1),
        EndTime=deployment.now,
    )
    return len(answer["MetricDataResults"][0]["Values"])


def _metric(name: str, metric: str, dimension: tuple[str, str]) -> dict[str, object]:
    named = {"Namespace": "AWS/Lambda", "MetricName": metric}
    dimensions = [{"Name": dimension[0], "Value": dimension[1]}]
    stat = {"Metric": {**named, "Dimensions": dimensions}, "Period": 3600, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False}


def read_rate(deployment: Deployment) -> ReadRate:
    """GetRole of the API function's role, as fast as one connection goes, without retries."""
    _only_on_aws(deployment, "IAM does not throttle")
    iam = deployment.client("iam", retries=1)
    role = deployment.template.resources["ApiHandlerRole"].physical
    throttled, began = 0, time.monotonic()
    for _ in range(READS):
        try:
            iam.get_role(RoleName=role)
        except ClientError as error:
            if "Throttl" not in error.response["Error"]["Code"]:
                raise
            throttled += 1
    return ReadRate(READS, throttled, time.monotonic() - began)


def switch_role_regions(deployment: Deployment) -> dict[str, bool]:
    """Regions in whose event history SwitchRole is, and whether a rule forwards from there."""
    _only_on_aws(deployment, "no console switches roles")
    found = {region for region in {deployment.region, *SIGN_IN_REGIONS} if _switched(deployment, region)}
    return {region: region == deployment.region or _forwards(deployment, region) for region in found}


def _switched(deployment: Deployment, region: str) -> bool:
    client: Any = deployment.session.create_client("cloudtrail", region_name=region)
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "SwitchRole"}]
    began = deployment.now - LATELY
    return bool(client.lookup_events(LookupAttributes=wanted, StartTime=began, MaxResults=1)["Events"])


def _forwards(deployment: Deployment, region: str) -> bool:
    client: Any = deployment.session.create_client("events", region_name=region)
    rules = client.list_rules()["Rules"]
    patterns = [one.get("EventPattern", "") for one in rules if one["State"].startswith("ENABLED")]
    return any("aws.sts" in pattern for pattern in patterns)


def cold_starts(deployment: Deployment) -> float | None:
    """The slowest cold start of the last day, in seconds."""
    _only_on_aws(deployment, "cold starts of this computer say nothing of Lambda's")
    group = f"/aws/lambda/{deployment.template.resources['APIHandler'].physical}"
    began = round((deployment.now - timedelta(days=1)).timestamp() * 1000)
    lines = deployment.pages(
        "logs", "filter_log_events", "events", logGroupName=group, startTime=began, filterPattern='"Init Duration"'
    )
    found = [REPORT.search(line["message"]) for line in lines]
    return max((float(one[1]) + float(one[2]) for one in found if one), default=0.0) / 1000 or None


def _only_on_aws(deployment: Deployment, because: str) -> None:
    if deployment.embedded:
        raise NotHere(f"cannot be known on the embedded AWS: {because}")
