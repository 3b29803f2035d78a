"""Sessions that the broker issued, and the calls made with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import OF_CALLER, OF_ROLE, SESSION, SINCE, identifier, limit
from access_broker.command_line.spec import Command, Option
from access_broker.commands.ended_with_others import told_to_renew
from access_broker.names import whole_id
from access_broker.output.table import Column
from access_broker.output.times import local_and_utc, relative, remaining

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

COLUMNS = (
    Column("id", identifier=True),
    Column("state", state=True),
    Column("caller"),
    Column("role"),
    Column("remaining"),
    Column("issued", leaves=3),
    Column("reason", elastic=True, leaves=2),
)
ACTIVITY_COLUMNS = (
    Column("at"),
    Column("service"),
    Column("action"),
    Column("resources", elastic=True, leaves=2),
    Column("error", elastic=True),
    Column("region", leaves=3),
    Column("source ip", leaves=4),
)


def sessions(connection: Connection, given: Given) -> None:
    """List sessions, or show one."""
    if one := given.text("id"):
        session = connection.broker.get("sessions", whole_id(connection, one, "sessions"))
        connection.output.show(session, lambda: connection.output.facts(facts(session)))
        _tell_to_renew(connection, [session])
        return
    most = given.number("limit")
    filters = {name: given.text(name) for name in ("caller", "role", "state", "since")}
    found = list(connection.broker.items("sessions", "sessions", limit=most, **filters))
    now = datetime.now(UTC)
    rows = [row(session, now) for session in found]
    connection.output.show(found, lambda: connection.output.table(COLUMNS, rows, "No sessions."))
    _tell_to_renew(connection, found)
    if len(found) == most:
        connection.output.notice(f"Stopped after {most} sessions: raise --limit for more.")


def _tell_to_renew(connection: Connection, found: list[dict[str, Any]]) -> None:
    for words in told_to_renew(found):
        connection.output.notice(words)


def activity(connection: Connection, given: Given) -> None:
    """Show the calls of a session."""
    one = whole_id(connection, given.word("id"), "sessions")
    with connection.output.working("Reading CloudTrail") as say:
        found = read_activity(connection, one, given.number("limit") or 1000, say)
    document = {"session": one, "events": found.calls, "complete": found.complete, "regions": found.regions}
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
    now = datetime.now(UTC)
    shown = ["session_name", "source_identity", "kind", "role_arn"]
    times = ["expires_at", "revoked_at"]
    names = [column.name for column in COLUMNS]
    return [
        *zip(names, row(session, now), strict=True),
        *((name.replace("_", " "), session.get(name)) for name in shown),
        *((name.removesuffix("_at"), relative(session.get(name), now)) for name in times),
        ("ended because", session.get("revoked_because")),
        ("policies", ", ".join(session.get("policies") or [])),
        ("grant", session.get("grant")),
        ("review", _reviewed(session.get("review") or {})),
    ]


def _reviewed(review: dict[str, Any]) -> str:
    said = [str(review[name]) for name in ("state", "by", "comment") if review.get(name)]
    return " ".join(said)


def unreviewed(session: dict[str, Any]) -> bool:
    """True for a break-glass session without a review."""
    return (session.get("review") or {}).get("state") == "open"


def row(session: dict[str, Any], now: datetime) -> list[object]:
    """One line of the list."""
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


COMMANDS = {
    "sessions": Command(
        sessions,
        "List sessions, newest first.",
        (
            OF_CALLER,
            OF_ROLE,
            Option("--state", "Of this state only.", "STATE", choices=("active", "expired", "revoked", "failed")),
            SINCE,
            Option("--id", "One session, in full.", "ID", identifier, names="session"),
            limit(50),
        ),
        more="Your own, and those whose audit you may read.",
        examples=(
            "broker sessions --state active",
            "broker sessions --role prod-ec2 --since 24h",
            "broker sessions --id 01kxyz",
        ),
    ),
    "activity": Command(
        activity,
        "Show the calls of a session, from CloudTrail.",
        (SESSION, limit(1000)),
        more="A call shows up some minutes after it was made.",
        examples=("broker activity 01kxyz",),
    ),
}
