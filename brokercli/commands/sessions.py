"""Sessions the broker issued: who has what, and what they did with it."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from brokercli.asking import Since, since_when
from brokercli.connection import Connection, connected
from brokercli.times import local_and_utc, remaining

app = typer.Typer(rich_markup_mode=None)

Identifier = Annotated[str, typer.Argument(metavar="ID", help="The session's id, as `broker sessions` shows it.")]
COLUMNS = ("id", "state", "caller", "role", "remaining", "issued", "reason")
ACTIVITY_COLUMNS = ("at", "service", "action", "resources", "error", "region", "source ip")


@app.command()
@connected
def sessions(
    connection: Connection,
    *,
    caller: Annotated[str | None, typer.Option("--caller", help="Of this caller only.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="Of this role only.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="active, expired, revoked or failed.")] = None,
    since: Since = None,
    identifier: Annotated[str | None, typer.Option("--id", metavar="ID", help="One session, in full.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many.")] = 50,
) -> None:
    """List sessions, newest first. Your own, and those whose audit you may read.

    \b
    Examples:
      broker sessions --state active
      broker sessions --role prod-ec2 --since 24h
      broker sessions --id 01kxyz...
    """  # noqa: D301  \b keeps the lines of the examples apart
    if identifier:
        session = connection.broker.get("sessions", identifier)
        connection.output.show(session, lambda: connection.output.facts(facts(session)))
        return
    filters = {"caller": caller, "role": role, "state": state, "since": since_when(since)}
    found = list(connection.broker.items("sessions", "sessions", limit=limit, **filters))
    now = datetime.now(UTC)
    rows = [_row(session, now) for session in found]
    connection.output.show(found, lambda: connection.output.table(COLUMNS, rows, "No sessions."))


@app.command()
@connected
def activity(
    connection: Connection,
    *,
    identifier: Identifier,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Stop after this many calls.")] = 1000,
) -> None:
    """Show what a session did, from CloudTrail. A call shows up some minutes after it was made.

    Example: broker activity 01kxyz...
    """
    events, whole = read_activity(connection, identifier, limit)
    document = {"session": identifier, "events": events, "complete": whole}
    rows = [_call(event) for event in events]
    connection.output.show(document, lambda: connection.output.table(ACTIVITY_COLUMNS, rows, "CloudTrail has no call."))
    if not whole:
        connection.output.notice(f"Stopped after {len(events)} calls, the latest ones: raise --limit for more.")


def read_activity(connection: Connection, identifier: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The calls in order of time, at most `limit`, and whether that is all. CloudTrail is slow: shows progress."""
    events: list[dict[str, Any]] = []
    cursor = None
    with connection.output.working("Reading CloudTrail") as say:
        while True:
            page = connection.broker.get("sessions", identifier, "activity", cursor=cursor)
            events += page["events"]
            cursor = page.get("next_cursor")
            say(f"Reading CloudTrail: {len(events)} calls")
            if not cursor or len(events) >= limit:
                break
    events.sort(key=lambda event: str(event["at"]))
    return events[-limit:], not cursor and len(events) <= limit


def facts(session: dict[str, Any]) -> list[tuple[str, object]]:
    """One session for people."""
    shown = ["session_name", "source_identity", "kind", "role_arn"]
    times = ["expires_at", "revoked_at"]
    row = _row(session, datetime.now(UTC))
    return [
        *zip(COLUMNS, row, strict=True),
        *((name.replace("_", " "), session.get(name)) for name in shown),
        *((name.removesuffix("_at"), local_and_utc(session.get(name))) for name in times),
        ("policies", ", ".join(session.get("policies") or [])),
        ("grant", session.get("grant")),
        ("review", _reviewed(session.get("review") or {})),
    ]


def _reviewed(review: dict[str, Any]) -> str:
    said = [str(review[name]) for name in ("state", "by", "comment") if review.get(name)]
    return " ".join(said)


def unreviewed(session: dict[str, Any]) -> bool:
    """Whether glass was broken and nobody has looked at it yet."""
    return (session.get("review") or {}).get("state") == "open"


def _row(session: dict[str, Any], now: datetime) -> list[object]:
    alive = session["state"] == "active"
    return [
        session["id"],
        f"{session['state']}, unreviewed" if unreviewed(session) else session["state"],
        session.get("caller", ""),
        session["role"],
        remaining(session["expires_at"], now) if alive else "",
        local_and_utc(session.get("issued_at")),
        session.get("reason", ""),
    ]


def _call(event: dict[str, Any]) -> list[object]:
    return [
        local_and_utc(event["at"]),
        event.get("service", "").removesuffix(".amazonaws.com"),
        event.get("action", ""),
        " ".join(event.get("resources") or []),
        event.get("error", ""),
        event.get("region", ""),
        event.get("source_ip", ""),
    ]
