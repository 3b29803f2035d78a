"""Reports: who may have which role, and how sessions were used; as a table, CSV, JSON or one HTML file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import OF_CALLER, OF_ROLE, SINCE
from access_broker.command_line.spec import Command, Option
from access_broker.failures import Misused
from access_broker.output.table import Column
from access_broker.output.times import since
from access_broker.reports import access as access_report
from access_broker.reports import sessions as session_report
from access_broker.reports.page import page
from access_broker.reports.tables import csv_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection
    from access_broker.reports.page import Plot

FORMAT = Option("--format", "How to show it.", "FORMAT", usual="table", choices=("table", "csv", "json", "html"))
ACCESS_WORDS = ("standing", "approval", "break_glass")


def report(_connection: Connection, _given: Given) -> None:
    """Say which reports there are."""
    raise Misused("Name the report: broker report access, or broker report sessions.")


def access(connection: Connection, given: Given) -> None:
    """Print the access report."""
    facts = given.text("facts")
    found = _read(facts) if facts else _made(connection, given)
    if given.text("against"):
        _differences(connection, _read(given.word("against")), found)
        return
    caller, role = given.text("caller") or "", given.text("role") or ""
    _print(
        connection,
        given,
        found,
        (access_report.COLUMNS, access_report.rows(found, caller, role)),
        lambda: page("Access report", _about(found), _access_plots(found), found),
    )


def sessions(connection: Connection, given: Given) -> None:
    """Print the session report."""
    begin = given.text("since") or since("30d")
    with connection.output.working("Reading the audit log") as say:
        events = _counted(connection.broker.items("events", "audit", since=begin), say)
        found = session_report.SessionReport().take(events).document()
    plots = [(name, _numbers(found[name])) for name in found if name.startswith(("by_", "refused"))]
    _print(
        connection,
        given,
        found,
        (session_report.COLUMNS, session_report.rows(found)),
        lambda: page("Session report", f"{found['sessions']} sessions since {begin}.", plots),
    )


def _made(connection: Connection, given: Given) -> dict[str, Any]:
    """Read the facts from the broker, and have the policy tool of this checkout decide."""
    from access_broker.commands.policy import answered  # noqa: PLC0415  only this report needs a checkout

    broker = connection.broker
    with connection.output.working("Reading callers, roles and their use") as say:
        facts = {"callers": list(broker.items("callers", "callers")), "roles": list(broker.items("roles", "catalogue"))}
        begin = given.text("since") or since("30d")
        events = _counted(broker.items("events", "audit", since=begin, type="issue"), say)
        used = access_report.last_used(events)
    found: dict[str, Any] = json.loads(answered(["access", "--policies", given.word("policies")], json.dumps(facts)))
    return {**found, "used_since": begin, "last_used": used}


def _counted(events: Iterable[dict[str, Any]], say: Any) -> Iterator[dict[str, Any]]:
    for count, event in enumerate(events, 1):
        yield event
        if count % 500 == 0:
            say(f"Reading the audit log: {count} events")


def _print(
    connection: Connection,
    given: Given,
    document: Any,
    table: tuple[Sequence[str], Iterable[Sequence[object]]],
    html: Any,
) -> None:
    form = "json" if connection.output.as_json else given.word("format")
    columns, rows = table
    if form == "html":
        print(html())
    elif form == "csv":
        for line in csv_lines(columns, rows):
            print(line)
    elif form == "json":
        print(json.dumps(document))
    else:
        shown = [Column(name.replace("_", " "), elastic=True, leaves=place) for place, name in enumerate(columns)]
        connection.output.table(shown, list(rows), "Nothing to report.")


def _differences(connection: Connection, before: dict[str, Any], now: dict[str, Any]) -> None:
    found = access_report.differences(before, now)
    rows = [
        (kind, one["caller"], one["role"], _words(one.get("was")), _words(one.get("now")))
        for kind, changed in found.items()
        for one in changed
    ]
    columns = [Column(name) for name in ("change", "caller", "role", "was", "now")]
    connection.output.show(found, lambda: connection.output.table(columns, rows, "No difference."))


def _words(cell: dict[str, Any] | None) -> str:
    return f"{cell['access']} by {cell.get('rule') or cell.get('break_glass')}" if cell else ""


def _read(place: str) -> dict[str, Any]:
    try:
        document = json.loads(Path(place).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Misused(f"{place} cannot be read as a report: {error}") from None
    if not isinstance(document, dict) or not {"callers", "roles", "cells"} <= document.keys():
        raise Misused(f"{place} is no access report: write one with broker report access --format json.")
    return document


def _about(found: dict[str, Any]) -> str:
    counts = f"{len(found['callers'])} callers, {len(found['roles'])} roles"
    return f"{counts}. Policy set {found['policy_set'][:12]}. Use since {found.get('used_since', 'no time')}."


def _access_plots(found: dict[str, Any]) -> list[Plot]:
    kinds: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    callers, roles = (Counter(one["class"] for one in found[name]) for name in ("callers", "roles"))
    for key, cell in found["cells"].items():
        row, column = map(int, key.split(","))
        kinds[cell["access"]] += callers[row] * roles[column]
        rules[cell.get("rule") or cell["break_glass"]] += callers[row] * roles[column]
    return [
        ("Pairs of caller and role by access", [(word, kinds[word]) for word in ACCESS_WORDS if kinds[word]]),
        ("Pairs by rule", rules.most_common()),
    ]


def _numbers(counts: dict[str, int]) -> list[tuple[str, int]]:
    return list(counts.items())


COMMANDS = {
    "report": Command(
        report, "Report who may have which role, and how sessions were used.", examples=("broker report access",)
    ),
    "report access": Command(
        access,
        "Show every caller's access to every role: by which rule, on which terms, last used when.",
        (
            FORMAT,
            Option("--since", "Look so far back for the last use. [30d]", "TIME", since),
            OF_CALLER,
            OF_ROLE,
            Option("--policies", "The policies that decide. [policies]", "FOLDER", usual="policies"),
            Option("--facts", "Show this report again: a file that --format json wrote.", "FILE"),
            Option("--against", "Show only the differences from this earlier report.", "FILE"),
        ),
        more="Needs a checkout, whose policies decide. Asked is with a reason and MFA, without session tags, now.",
        examples=(
            "broker report access --format html > access.html",
            "broker report access --against last-month.json",
        ),
    ),
    "report sessions": Command(
        sessions,
        "Show sessions by person, role, account and hour; break-glass, revocations and refusals.",
        (FORMAT, SINCE),
        more="Without --since, 30 days.",
        examples=("broker report sessions --since 7d", "broker report sessions --format csv > sessions.csv"),
    ),
}
