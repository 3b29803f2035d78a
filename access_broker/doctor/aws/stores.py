"""Tables and log groups as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.doctor.checks.stores import LogGroup, Table

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment


def tables(deployment: Deployment) -> dict[str, Table]:
    """Both tables by name."""
    found = deployment.template.of_type("AWS::DynamoDB::Table")
    return {one.physical: _table(deployment, one.physical, one.logical) for one in found}


def _table(deployment: Deployment, name: str, logical: str) -> Table:
    described = deployment.table(name)
    return Table(
        recoverable=_recoverable(deployment, name),
        protected=described.get("DeletionProtectionEnabled", False),
        stream=(described.get("StreamSpecification") or {}).get("StreamEnabled", False),
        wants_stream="StreamSpecification" in deployment.template.properties(logical),
    )


def _recoverable(deployment: Deployment, name: str) -> bool:
    answer = deployment.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = answer.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return bool(status == "ENABLED")


def log_groups(deployment: Deployment) -> dict[str, LogGroup]:
    """The template's log groups by name."""
    wanted = deployment.template.of_type("AWS::Logs::LogGroup")
    return {one.physical: _log_group(deployment, one.physical, one.logical) for one in wanted}


def _log_group(deployment: Deployment, name: str, logical: str) -> LogGroup:
    declared = deployment.template.properties(logical)
    listed = deployment.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    found: dict[str, Any] | None = next((one for one in listed if one["logGroupName"] == name), None)
    return LogGroup(
        days=None if found is None else found.get("retentionInDays", 0),
        wanted_days=int(declared.get("RetentionInDays", 0)),
        protected=None if found is None else found.get("deletionProtectionEnabled"),
        wants_protection=declared.get("DeletionProtectionEnabled") in (True, "true"),
    )


def stack_protection(deployment: Deployment) -> bool | None:
    """None on the embedded AWS, unless it is on there."""
    protected: bool = deployment.stack.get("EnableTerminationProtection", False)
    return protected or (None if deployment.embedded else False)
