"""The audit chain by the API, the rule of bypass detection, and the account's trails."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from access_broker.audit_chain import Broken, verified
from access_broker.doctor.aws.watching import count_of
from access_broker.doctor.checks.trail import ChainCheck, TrailRule, Trails

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

DAY = timedelta(days=1)
EARLY_SECONDS = 1800
"""CloudTrail may take fifteen minutes, the figure some more."""


def chain(deployment: Deployment) -> ChainCheck:
    """As `broker audit verify --since 24h`."""
    try:
        found = verified(deployment.broker, deployment.now - DAY, deployment.now, lambda _count: None)
    except Broken as broken:
        return ChainCheck(0, broken.sentence)
    return ChainCheck(found.count)


def trail_rule(deployment: Deployment) -> TrailRule:
    """The template's rule whose target is the trail function."""
    template = deployment.template
    function = template.resources["Trail"].physical
    rules = [one for one in template.of_type("AWS::Events::Rule") if "EventPattern" in template.properties(one.logical)]
    client = deployment.client("events")
    try:
        name = rules[0].physical
        state = client.describe_rule(Name=name)["State"]
        targets = client.list_targets_by_rule(Rule=name)["Targets"]
    except (IndexError, client.exceptions.ResourceNotFoundException):
        return TrailRule("", feeds_the_function=False, embedded=deployment.embedded)
    feeds = any(
        one["Arn"].endswith(f":function:{function}") or f":function:{function}:" in one["Arn"] for one in targets
    )
    runs = count_of(deployment, "AWS/Lambda", "Invocations", ("FunctionName", function), round(DAY.total_seconds()))
    return TrailRule(state, feeds, deployment.embedded, runs, deployment.age_seconds < EARLY_SECONDS)


def trails(deployment: Deployment) -> Trails:
    """Each trail that covers this region, organisation trails included."""
    client = deployment.client("cloudtrail")
    found = client.describe_trails(includeShadowTrails=True)["trailList"]
    return Trails(deployment.embedded, tuple((one["Name"], _complete(deployment, one)) for one in found))


def _complete(deployment: Deployment, trail: dict[str, Any]) -> bool:
    client = deployment.client("cloudtrail")
    if not trail.get("IsMultiRegionTrail") or not client.get_trail_status(Name=trail["TrailARN"])["IsLogging"]:
        return False
    selectors = client.get_event_selectors(TrailName=trail["TrailARN"])
    return any(map(_logs_all, selectors.get("EventSelectors", []))) or any(
        map(_logs_management, selectors.get("AdvancedEventSelectors", []))
    )


def _logs_all(selector: dict[str, Any]) -> bool:
    return bool(selector.get("IncludeManagementEvents")) and selector.get("ReadWriteType") == "All"


def _logs_management(selector: dict[str, Any]) -> bool:
    """Management events without a limit to reads, writes or some sources."""
    fields = {one["Field"]: one for one in selector["FieldSelectors"]}
    return fields.get("eventCategory", {}).get("Equals") == ["Management"] and not fields.keys() & {
        "readOnly",
        "eventSource",
    }
