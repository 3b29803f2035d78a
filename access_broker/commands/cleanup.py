"""A preview of the scheduled clean-up of stale roles and old access keys (docs/cleanup.md)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from access_broker.command_line.spec import Command, Option
from access_broker.failures import Misused
from access_broker.output.table import Column
from access_broker.output.times import local_and_utc

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

COLUMNS = (
    Column("role"),
    Column("stage"),
    Column("would become", leaves=1),
    Column("next stage", leaves=2),
    Column("at the earliest", leaves=3),
    Column("owner", leaves=4),
    Column("reason", elastic=True, leaves=5),
)


def cleanup(connection: Connection, given: Given) -> None:
    """POST /v1/cleanup with dry_run."""
    if not given.flag("dry_run"):
        raise Misused("Clean-up runs on its schedule: `broker cleanup --dry-run` shows what it would do.")
    with connection.output.working("Looking at every role"):
        report = connection.broker.post("cleanup", body={"dry_run": True})
    everything = given.flag("all")
    connection.output.show(report, lambda: _print(connection, report, everything=everything))


def _print(connection: Connection, report: dict[str, Any], *, everything: bool) -> None:
    roles = report["roles"]
    shown = roles if everything else [role for role in roles if role.get("change")] or roles[:FEW]
    connection.output.table(COLUMNS, [_row(role) for role in shown], "Nothing is stale.")
    for line in [*_totals(roles, shown), *_remarks(report)]:
        connection.output.notice(line)


FEW = 20
"""The number of roles that are listed where none would change."""


def _totals(roles: list[dict[str, Any]], shown: list[dict[str, Any]]) -> list[str]:
    if not roles:
        return []
    stages = Counter(role.get("stage") or "new" for role in roles)
    changes = Counter(role["change"] for role in roles if role.get("change"))
    lines = [f"{len(roles)} stale roles: {_counted(stages)}. Would change now: {_counted(changes) or 'none'}."]
    if len(shown) < len(roles):
        lines.append(f"{len(roles) - len(shown)} roles that stay as they are are not listed: --all lists them.")
    return lines


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _row(role: dict[str, Any]) -> list[object]:
    return [
        role["name"],
        role.get("stage") or "new",
        role.get("change") or "",
        role.get("next_stage") or "",
        local_and_utc(role.get("next_at")),
        role.get("owner") or "",
        role.get("reason", ""),
    ]


def _remarks(report: dict[str, Any]) -> list[str]:
    """Facts about the whole run."""
    lines = [f"Clean-up goes as far as {report['up_to']}."] if report.get("up_to") else []
    budget = report.get("budget") or {}
    if budget.get("exceeded"):
        lines.append(
            f"Over its budget: {budget['wanted']} roles wanted, {budget['limit']} allowed; it would change none."
        )
    if not report.get("complete", True):
        lines.append("The look was cut short; the next run goes on from there.")
    lines += _of_keys(report)
    lines += [f"Drift: {one['role']}: {one['why']}" for one in report.get("drift") or []]
    lines += [f"Failed: {_where(one)}{one['why']}" for one in report.get("failures") or []]
    return lines + [f"User {one['name']}: {one['why']}" for one in report.get("users") or []]


def _of_keys(report: dict[str, Any]) -> list[str]:
    """A line for each old access key: what this run does to it, or when the next stage comes."""
    keys, budget = report.get("keys") or [], report.get("key_budget") or {}
    lines = [f"Access key {key['id']} of {key['user']}: {_stage(key)}; {key['reason']}." for key in keys]
    if keys:
        lines.append(f"Clean-up takes access keys as far as {report['keys_up_to']}.")
    if budget.get("exceeded"):
        lines.append(
            f"Over the budget: {budget['wanted']} access keys wanted, {budget['limit']} allowed; it would change none."
        )
    return lines


def _stage(key: dict[str, Any]) -> str:
    stage = key["stage"] or "new"
    if key["change"]:
        return f"{stage}, would become {key['change']} now"
    return f"{stage}, {key['next_stage']} from {local_and_utc(key['next_at'])}" if key["next_stage"] else stage


def _where(failure: dict[str, Any]) -> str:
    """The role or the member account that a failure is about; some are about neither."""
    if failure["role"]:
        return f"{failure['role']}: "
    return f"account {failure['account']}: " if failure.get("account") else ""


COMMANDS = {
    "cleanup": Command(
        cleanup,
        "Show which roles and access keys are stale, and what the next clean-up run would do to them.",
        (
            Option("--dry-run", "Required: only the schedule cleans up."),
            Option("--all", "List every stale role, those that would stay as they are too."),
        ),
        examples=("broker cleanup --dry-run",),
    )
}
