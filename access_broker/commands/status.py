"""`broker` alone: the access that I have now, and the requests that wait for me."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from access_broker.command_line.spec import Command
from access_broker.commands.ended_with_others import told_to_renew
from access_broker.output.table import Column
from access_broker.output.times import relative, remaining, rfc3339, span
from access_broker.settings import config_file

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

SESSIONS = (
    Column("id", identifier=True),
    Column("role"),
    Column("remaining"),
    Column("reason", elastic=True, leaves=1),
)
REQUESTS = (
    Column("id", identifier=True),
    Column("caller"),
    Column("role"),
    Column("for", leaves=2),
    Column("reason", elastic=True, leaves=1),
)
MOST = 20
LONGEST_SESSION = timedelta(hours=1)


def may_show(connection: Connection) -> bool:
    """True if there is a terminal to show it on and a broker to ask."""
    known = connection.url or os.environ.get("BROKER_URL") or config_file(os.environ).exists()
    return bool(known) and (sys.stdout.isatty() or connection.output.as_json)


def at_a_glance(connection: Connection, _given: Given) -> int:
    """Sessions and grants of the caller, requests to decide, and the caller's own that wait."""
    broker, now = connection.broker, datetime.now(UTC)
    me = broker.get("whoami")
    pending = list(broker.items("requests", "requests", limit=MOST, state="pending"))
    approved = list(broker.items("requests", "requests", limit=MOST, state="approved", caller=me["name"]))
    ended = broker.items(
        "sessions", "sessions", limit=MOST, state="revoked", caller=me["name"], since=rfc3339(now - LONGEST_SESSION)
    )
    found = {
        "me": me,
        "sessions": list(broker.items("sessions", "sessions", limit=MOST, state="active", caller=me["name"])),
        "ended_with_others": [one for one in ended if one.get("revoked_because")],
        "grants": [one for one in approved if _lasts(one, now)],
        "to_decide": [one for one in pending if one.get("caller") != me["name"]],
        "pending": [one for one in pending if one.get("caller") == me["name"]],
    }
    connection.output.show(found, lambda: _print(connection, found, now))
    for words in told_to_renew(found["ended_with_others"]):
        connection.output.notice(words)
    return 0


def _lasts(request: dict[str, Any], now: datetime) -> bool:
    until: str | None = request.get("until")
    ended = (request.get("grant") or {}).get("state") in {"ended", "expired"}
    return until is not None and not ended and datetime.fromisoformat(until) > now


def _print(connection: Connection, found: dict[str, Any], now: datetime) -> None:
    output, me = connection.output, found["me"]
    groups = f" ({', '.join(me['groups'])})" if me.get("groups") else ""
    output.line(f"You are {me['name']}{groups}.")
    if found["sessions"]:
        output.line("")
        output.line("You have now:")
        output.table(SESSIONS, [_session(one, now) for one in found["sessions"]], "")
    for one in found["grants"]:
        output.line(f"Granted: {one['role']}, ends {relative(one['until'], now)}; `broker done {one['id']}` ends it.")
    if found["to_decide"]:
        output.line("")
        output.line("Waiting for you (`broker approve ID`, `broker deny ID`):")
        output.table(REQUESTS, [_request(one) for one in found["to_decide"]], "")
    if found["pending"]:
        output.line("")
        output.line("Your requests that wait for others:")
        output.table(REQUESTS, [_request(one) for one in found["pending"]], "")
    if not any(found[name] for name in ("sessions", "grants", "to_decide", "pending")):
        output.line("You have no session now, and nothing waits for you.")
    output.line("")
    output.line("`broker roles` shows the roles you may have, `broker --help` the commands.")


def _session(one: dict[str, Any], now: datetime) -> list[object]:
    return [one["id"], one["role"], remaining(one["expires_at"], now), one.get("reason", "")]


def _request(one: dict[str, Any]) -> list[object]:
    asked_for = span(int(one.get("duration_seconds") or 0))
    return [one["id"], one.get("caller", ""), one["role"], asked_for, one.get("reason", "")]


COMMANDS = {
    "status": Command(
        at_a_glance,
        "Show the access you have now and the requests that wait for you.",
        more="`broker` alone on a terminal does the same.",
        examples=("broker status", "broker status --json"),
    )
}
