"""What the scheduled clean-up of stale roles would do (docs/cleanup.md)."""

from typing import Annotated, Any

import typer

from access_broker.failures import Misused
from access_broker.frame.connection import Connection, connected
from access_broker.output.times import local_and_utc

app = typer.Typer(rich_markup_mode=None)

COLUMNS = ("role", "stage", "would become", "next stage", "at the earliest", "owner", "reason")


@app.command()
@connected
def cleanup(
    connection: Connection,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Required: cleaning up is for the schedule.")] = False,
) -> None:
    """Show which roles are stale. Why, and what the next clean-up run would do to them.

    Example: broker cleanup --dry-run
    """
    if not dry_run:
        raise Misused("Clean-up runs on its schedule: `broker cleanup --dry-run` shows what it would do.")
    with connection.output.working("Looking at every role"):
        report = connection.broker.post("cleanup", body={"dry_run": True})
    connection.output.show(report, lambda: _print(connection, report))


def _print(connection: Connection, report: dict[str, Any]) -> None:
    connection.output.table(COLUMNS, [_row(role) for role in report["roles"]], "Nothing is stale.")
    for line in _remarks(report):
        connection.output.notice(line)


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
    """What else a person should know of the run."""
    lines = [f"Clean-up goes as far as {report['up_to']}."] if report.get("up_to") else []
    budget = report.get("budget") or {}
    if budget.get("exceeded"):
        lines.append(
            f"Over its budget: {budget['wanted']} roles wanted, {budget['limit']} allowed; it would take none."
        )
    if not report.get("complete", True):
        lines.append("The look was cut short; the next run goes on from there.")
    lines += [f"Drift: {one['role']}: {one['why']}" for one in report.get("drift") or []]
    lines += [f"Failed: {one['role']}: {one['why']}" for one in report.get("failures") or []]
    return lines + [f"User {one['name']}: {one['why']}" for one in report.get("users") or []]
