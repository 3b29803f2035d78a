"""Roles and their terms; and making them what their templates say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import ROLE, limit
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.commands import role_usage
from access_broker.names import nearest_role
from access_broker.output.table import Column
from access_broker.output.times import span
from access_broker.roles.apply_templates import converge

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

TEMPLATES = Argument("TEMPLATE", "Template files or folders. [policies/roles]", optional=True, many=True, names="file")
COLUMNS = (
    Column("name"),
    Column("access", state=True),
    Column("longest"),
    Column("reason"),
    Column("description", elastic=True, leaves=1),
    Column("switch role", leaves=2),
)


def roles(connection: Connection, given: Given) -> None:
    """List roles."""
    found = list(connection.broker.items("roles", "roles", limit=given.number("limit")))
    rows = [_row(role) for role in found]
    connection.output.show(found, lambda: connection.output.table(COLUMNS, rows, "There is no role for you to see."))


def show(connection: Connection, given: Given) -> None:
    """Show one role."""
    with nearest_role(connection, given.word("role")):
        role = connection.broker.get("roles", given.word("role"))
    names = [column.name for column in COLUMNS]
    arn = str(role.get("arn") or "")
    places = [("arn", arn), ("arn for EKS", without_path(arn)), ("grant", role.get("active_grant"))]
    facts = [*zip(names, _row(role), strict=True), *places]
    connection.output.show(role, lambda: connection.output.facts(facts))


def without_path(arn: str) -> str:
    """The ARN as aws-auth of EKS wants it (Amazon EKS User Guide, "Troubleshoot IAM": no path)."""
    before, slash, name = arn.partition(":role/")
    return f"{before}{slash}{name.rpartition('/')[2]}"


def plan(connection: Connection, given: Given) -> None:
    """Show what `apply` would change."""
    converge(connection, _places(given), dry_run=True)


def apply(connection: Connection, given: Given) -> None:
    """Apply templates."""
    converge(connection, _places(given), dry_run=given.flag("dry_run"))


def _places(given: Given) -> list[Path]:
    return [Path(place) for place in given.texts("template")]


def delete(connection: Connection, given: Given) -> None:
    """Delete a role."""
    name = given.word("role")
    with nearest_role(connection, name):
        deleted = connection.broker.delete("roles", name)
    words = f"Deleted {name}. `broker roles restore {name}` brings it back."
    connection.output.show(deleted, lambda: connection.output.line(words))


def restore(connection: Connection, given: Given) -> None:
    """Restore a role."""
    restored = connection.broker.post("roles", given.word("role"), "restore")
    connection.output.show(restored, lambda: _print_restored(connection, restored))


def _print_restored(connection: Connection, restored: dict[str, Any]) -> None:
    connection.output.line(f"{restored['name']} is back.")
    for lost in restored.get("cannot_come_back") or []:
        connection.output.line(f"    cannot come back: {lost}")


def _approvals(count: int) -> str:
    return "1 approval" if count == 1 else f"{count} approvals"


def _row(role: dict[str, Any]) -> list[object]:
    access = _approvals(role["approvals"]) if role["access"] == "approval" else role["access"]
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


COMMANDS = {
    "roles": Command(
        roles,
        "Show your roles and on which terms you may have them.",
        (limit(None),),
        more="Also plans, applies, deletes and restores roles.",
        examples=("broker roles", "broker roles plan", "broker roles apply policies/roles/ec2-full.yaml"),
    ),
    "roles show": Command(
        show,
        "Show one role, with its ARN and switch-role link.",
        (ROLE,),
        more="Clusters of EKS that map roles in aws-auth take the ARN without its path: `arn for EKS`.",
        examples=("broker roles show ec2-full",),
    ),
    "roles plan": Command(
        plan,
        "Show what `apply` would change; change nothing.",
        (TEMPLATES,),
        examples=("broker roles plan policies/roles",),
    ),
    "roles apply": Command(
        apply,
        "Make roles what their templates say.",
        (TEMPLATES, Option("--dry-run", "The same as `broker roles plan`.")),
        more="Applying twice changes nothing.",
        examples=("broker roles apply", "broker roles apply policies/roles/ec2-full.yaml --json"),
    ),
    **role_usage.COMMANDS,
    "roles delete": Command(
        delete,
        "Delete a role; its whole state is kept.",
        (ROLE,),
        more="`broker roles restore ROLE` brings it back.",
        examples=("broker roles delete ec2-full",),
    ),
    "roles restore": Command(
        restore,
        "Bring a deleted or quarantined role back.",
        (ROLE,),
        examples=("broker roles restore ec2-full",),
    ),
}
