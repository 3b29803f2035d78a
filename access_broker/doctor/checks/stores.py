"""Tables and logs: backups, deletion protection, streams, retention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Stores"


@dataclass(frozen=True, slots=True)
class Table:
    """One of the two tables as it is; `wants_stream` is the template's."""

    recoverable: bool
    protected: bool
    stream: bool
    wants_stream: bool


@dataclass(frozen=True, slots=True)
class LogGroup:
    """Days the group is kept (0: for ever; None: the group is gone), and what the template says of it."""

    days: int | None
    wanted_days: int
    protected: bool | None
    """None: AWS does not tell."""
    wants_protection: bool


@check(
    "point-in-time-recovery",
    topic=TOPIC,
    fact="tables",
    asks="both tables have point-in-time recovery",
    why="without it, rows that are lost or spoilt cannot be brought back: sessions, grants, the chain's end",
    do="aws dynamodb update-continuous-backups --table-name NAME "
    "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
)
def point_in_time_recovery(tables: Mapping[str, Table]) -> Finding:
    """DescribeContinuousBackups."""
    return none_of([name for name, one in tables.items() if not one.recoverable], "off for", ", ".join(sorted(tables)))


@check(
    "deletion-protection",
    topic=TOPIC,
    fact="tables",
    asks="both tables are protected against deletion",
    why="one wrong command would end every session's record",
    do="aws dynamodb update-table --table-name NAME --deletion-protection-enabled",
)
def deletion_protection(tables: Mapping[str, Table]) -> Finding:
    """DescribeTable."""
    return none_of([name for name, one in tables.items() if not one.protected], "off for", ", ".join(sorted(tables)))


@check(
    "stream",
    topic=TOPIC,
    fact="tables",
    asks="the table's stream is on",
    why="the stream carries every event to the audit log, and every notice to Slack",
    do="revert the drift (docs/doctor.md); the stream comes back with another ARN, and its event source "
    "mappings have to follow",
)
def stream(tables: Mapping[str, Table]) -> Finding:
    """DescribeTable."""
    return none_of([name for name, one in tables.items() if one.wants_stream and not one.stream], "off for", "on")


@check(
    "log-retention",
    topic=TOPIC,
    fact="log_groups",
    asks="every log group is kept as long as the template says",
    why="too short loses evidence; for ever costs money, and the chain's verification counts on the retention",
    do="aws logs put-retention-policy --log-group-name NAME --retention-in-days DAYS (the template's), or "
    "revert the drift (docs/doctor.md)",
)
def log_retention(groups: Mapping[str, LogGroup]) -> Finding:
    """DescribeLogGroups."""
    wrong = [f"{name} ({_days(one.days)}, not {one.wanted_days})" for name, one in groups.items() if _differs(one)]
    return none_of(wrong, "other than the template", f"{len(groups)} log groups")


def _differs(group: LogGroup) -> bool:
    return group.days != group.wanted_days


def _days(days: int | None) -> str:
    return "gone" if days is None else f"{days} days" if days else "for ever"


@check(
    "audit-log-protected",
    topic=TOPIC,
    fact="log_groups",
    asks="the audit log group is protected against deletion",
    why="the audit log is the evidence",
    do="aws logs put-log-group-deletion-protection --log-group-identifier NAME --deletion-protection-enabled",
)
def audit_log_protected(groups: Mapping[str, LogGroup]) -> Finding:
    """DescribeLogGroups, deletionProtectionEnabled."""
    wanted = {name: one for name, one in groups.items() if one.wants_protection}
    if all(one.protected is None for one in wanted.values()):
        raise NotHere("this AWS does not tell (the embedded one has no such protection)")
    bare = [name for name, one in wanted.items() if not one.protected]
    return none_of(bare, "not protected", ", ".join(sorted(wanted))) if wanted else failed("the template asks for none")


@check(
    "stack-protected",
    topic=TOPIC,
    fact="stack_protection",
    asks="the stack has termination protection",
    why="deleting the stack ends the broker for all people at once",
    do="aws cloudformation update-termination-protection --enable-termination-protection --stack-name NAME",
)
def stack_protected(protected: bool | None) -> Finding:
    """DescribeStacks; None on the embedded AWS, whose stacks come and go."""
    if protected is None:
        raise NotHere("stacks of the embedded AWS come and go")
    return ok("on") if protected else failed("off")
