"""Roles: what one may have and on which terms; and making them what their templates say."""

from pathlib import Path
from typing import Annotated, Any

import typer

from access_broker.frame.connection import Connection, connected, only_subcommand
from access_broker.output.times import span
from access_broker.roles.apply_templates import converge

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="The role's name.")]
Templates = Annotated[list[Path] | None, typer.Argument(help="Template files or folders. [default: policies/roles]")]
COLUMNS = ("name", "access", "longest", "reason", "description", "switch role")


@app.callback()
@connected
def roles(
    connection: Connection,
    *,
    context: typer.Context,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most this many. [all]")] = None,
) -> None:
    """Show your roles and on which terms. Or plan, apply, delete and restore them.

    \b
    Examples:
      broker roles
      broker roles plan
      broker roles apply policies/roles/ec2-full.yaml
    """  # noqa: D301  \b keeps the lines of the examples apart
    if only_subcommand(context):
        return
    found = list(connection.broker.items("roles", "roles", limit=limit))
    rows = [_row(role) for role in found]
    connection.output.show(found, lambda: connection.output.table(COLUMNS, rows, "There is no role for you to see."))


@app.command()
@connected
def show(connection: Connection, *, name: Name) -> None:
    """Show one role, with its ARN and switch-role link.

    Example: broker roles show ec2-full
    """
    role = connection.broker.get("roles", name)
    facts = [*zip(COLUMNS, _row(role), strict=True), ("arn", role.get("arn")), ("grant", role.get("active_grant"))]
    connection.output.show(role, lambda: connection.output.facts(facts))


@app.command()
@connected
def plan(connection: Connection, *, templates: Templates = None) -> None:
    """Show what `apply` would change. Changes nothing.

    Example: broker roles plan policies/roles
    """
    converge(connection, templates, dry_run=True)


@app.command()
@connected
def apply(
    connection: Connection,
    *,
    templates: Templates = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="The same as `broker roles plan`.")] = False,
) -> None:
    """Make roles what their templates say. Applying twice changes nothing.

    \b
    Examples:
      broker roles apply
      broker roles apply policies/roles/ec2-full.yaml --json
    """  # noqa: D301  \b keeps the lines of the examples apart
    converge(connection, templates, dry_run=dry_run)


@app.command()
@connected
def delete(connection: Connection, *, name: Name) -> None:
    """Delete a role. Its whole state is kept: `broker roles restore NAME` brings it back.

    Example: broker roles delete ec2-full
    """
    deleted = connection.broker.delete("roles", name)
    words = f"Deleted {name}. `broker roles restore {name}` brings it back."
    connection.output.show(deleted, lambda: connection.output.line(words))


@app.command()
@connected
def restore(connection: Connection, *, name: Name) -> None:
    """Bring a deleted or quarantined role back.

    Example: broker roles restore ec2-full
    """
    restored = connection.broker.post("roles", name, "restore")
    connection.output.show(restored, lambda: _print_restored(connection, restored))


def _print_restored(connection: Connection, restored: dict[str, Any]) -> None:
    connection.output.line(f"{restored['name']} is back.")
    for lost in restored.get("cannot_come_back") or []:
        connection.output.line(f"    cannot come back: {lost}")


def _row(role: dict[str, Any]) -> list[object]:
    access = f"{role['approvals']} approval(s)" if role["access"] == "approval" else role["access"]
    access += ", granted" if role.get("active_grant") else ""
    access += ", quarantined" if role.get("quarantined") else ""
    longest = span(role["max_duration_seconds"]) if role.get("max_duration_seconds") else ""
    return [
        role["name"],
        access,
        longest,
        "required" if role.get("reason_required") else "",
        role.get("description", ""),
        role.get("switch_role_url") or "",
    ]
