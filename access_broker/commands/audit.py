"""The audit log: read, and checked without trusting the broker."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from access_broker.audit_chain import verified
from access_broker.frame.connection import Connection, connected, only_subcommand
from access_broker.frame.role_options import Since, since_when
from access_broker.output.times import local_and_utc

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

COLUMNS = ("at", "type", "caller", "role", "session", "reason", "policies")


@app.callback()
@connected
def audit(
    connection: Connection,
    *,
    context: typer.Context,
    since: Since = "24h",
    caller: Annotated[str | None, typer.Option("--caller", help="Of this caller only.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="Of this role only.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="issue, refuse, revoke, bypass, ...")] = None,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="Of this session only.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many.")] = 200,
) -> None:
    """Read the audit log, oldest first.

    \b
    Examples:
      broker audit --since 24h --caller alice
      broker audit --type refuse --json
      broker audit verify
    """  # noqa: D301  \b keeps the lines of the examples apart
    if only_subcommand(context):
        return
    filters = {"since": since_when(since), "caller": caller, "role": role, "type": kind, "session": session}
    events = list(connection.broker.items("events", "audit", limit=limit, **filters))
    rows = [_row(event) for event in events]
    connection.output.show(events, lambda: connection.output.table(COLUMNS, rows, "No events."))
    if len(events) == limit:
        connection.output.notice(f"Stopped after {limit} events: raise --limit or --since for more.")


@app.command()
@connected
def verify(
    connection: Connection,
    *,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="From then on. [the beginning]")] = None,
) -> None:
    """Recompute the audit log's chain. Changed, dropped, swapped and forged events are found.

    Example: broker audit verify --since 30d
    """
    begin = since_when(since)
    with connection.output.working("Checking the audit log") as say:
        chain = verified(
            connection.broker,
            datetime.fromisoformat(begin) if begin else None,
            datetime.now(UTC),
            lambda count: say(f"Checking the audit log: {count} events") if count % 500 == 0 else None,
        )
    document = {"events": chain.count, "first": chain.first, "last": chain.last, "sound": True}
    words = f"The chain is sound: {chain.count} events, {chain.first} to {chain.last}."
    connection.output.show(document, lambda: connection.output.line(words))


def _row(event: dict[str, Any]) -> list[object]:
    caller = event.get("caller") or {}
    return [
        local_and_utc(event.get("at")),
        event.get("type", "unreadable"),
        caller.get("name", "") if isinstance(caller, dict) else caller,
        event.get("role", ""),
        event.get("session", ""),
        event.get("reason", ""),
        " ".join(event.get("policies") or []),
    ]
