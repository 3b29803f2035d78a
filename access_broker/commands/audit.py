"""The audit log: read, and checked without trusting the broker."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from access_broker.audit_chain import verified
from access_broker.command_line.options import OF_CALLER, OF_ROLE, SINCE, identifier, limit
from access_broker.command_line.spec import Command, Option
from access_broker.names import whole_id
from access_broker.output.table import Column
from access_broker.output.times import local_and_utc, since

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

COLUMNS = (
    Column("at"),
    Column("type"),
    Column("caller"),
    Column("role"),
    Column("session", identifier=True, leaves=1),
    Column("reason", elastic=True, leaves=2),
    Column("policies", elastic=True, leaves=3),
)


def audit(connection: Connection, given: Given) -> None:
    """List events."""
    most, session = given.number("limit"), given.text("session")
    filters = {
        "since": given.text("since") or since("24h"),
        "caller": given.text("caller"),
        "role": given.text("role"),
        "type": given.text("type"),
        "session": whole_id(connection, session, "sessions") if session else None,
    }
    events = list(connection.broker.items("events", "audit", limit=most, **filters))
    rows = [_row(event) for event in events]
    connection.output.show(events, lambda: connection.output.table(COLUMNS, rows, "No events."))
    if len(events) == most:
        connection.output.notice(f"Stopped after {most} events: raise --limit or --since for more.")


def verify(connection: Connection, given: Given) -> None:
    """Recompute the chain."""
    begin = given.text("since")
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


COMMANDS = {
    "audit": Command(
        audit,
        "Read the audit log, oldest first.",
        (
            SINCE,
            OF_CALLER,
            OF_ROLE,
            Option("--type", "Of this type only: issue, refuse, revoke, bypass and others.", "TYPE"),
            Option("--session", "Of this session only.", "ID", identifier, names="session"),
            limit(200),
        ),
        more="Without --since, the last 24 hours.",
        examples=(
            "broker audit --since 24h --caller alice",
            "broker audit --type refuse --json",
            "broker audit verify",
        ),
    ),
    "audit verify": Command(
        verify,
        "Recompute the chain of the audit log: changed, dropped, swapped and forged events are found.",
        (SINCE,),
        examples=("broker audit verify --since 30d",),
    ),
}
