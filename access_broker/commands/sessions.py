"""Sessions the broker issued: who has what, and what they did with it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from access_broker.frame.connection import Connection, connected
from access_broker.frame.role_options import Since, since_when
from access_broker.output.times import local_and_utc, remaining

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
    if len(found) == limit:
        connection.output.notice(f"Stopped after {limit} sessions: raise --limit for more.")


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
    with connection.output.working("Reading CloudTrail") as say:
        found = read_activity(connection, identifier, limit, say)
    document = {
        "session": identifier,
        "events": found.calls,
        "complete": found.complete,
        "regions": found.regions,
    }
    rows = [_call(event) for event in found.calls]
    where = ", ".join(found.regions)
    connection.output.show(document, lambda: connection.output.table(ACTIVITY_COLUMNS, rows, "CloudTrail has no call."))
    if not found.complete:
        connection.output.notice(f"Stopped after {len(rows)} calls: raise --limit for more.")
    connection.output.notice(f"Looked up in {where} and in no other region.")


@dataclass(frozen=True)
class Activity:
    """The calls of a session in order of time, whether these are all, and of which regions."""

    calls: list[dict[str, Any]]
    complete: bool
    regions: list[str]


def read_activity(connection: Connection, identifier: str, limit: int, say: Callable[[str], None]) -> Activity:
    """At most `limit` calls. CloudTrail is slow: `say` is told how far it is."""
    events: dict[str, dict[str, Any]] = {}
    cursor = None
    while True:
        page = connection.broker.get("sessions", identifier, "activity", cursor=cursor)
        events |= {event["id"]: event for event in page["events"]}
        cursor = page.get("next_cursor")
        say(f"Reading CloudTrail: {len(events)} calls")
        if not cursor or len(events) >= limit:
            break
    calls = sorted(events.values(), key=lambda event: str(event["at"]))
    return Activity(calls[-limit:], not cursor and len(calls) <= limit, page["regions"])


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
