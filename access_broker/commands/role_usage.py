"""How a role was used, and what could therefore be narrower."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import ROLE, limit
from access_broker.command_line.spec import Command, Option
from access_broker.names import nearest_role
from access_broker.output.table import Column
from access_broker.output.times import local_and_utc, since
from access_broker.roles.usage import role_usage

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

SESSIONS = 500
"""Read unless told otherwise."""

COLUMNS = (
    Column("service"),
    Column("action"),
    Column("count"),
    Column("denied"),
    Column("last", leaves=2),
    Column("allowed", leaves=1),
)
ACCESSED = {
    "in_progress": "IAM still makes its last-accessed data: ask again in a minute.",
    "failed": "IAM failed to make its last-accessed data.",
    "unavailable": "IAM gave no last-accessed data.",
    "not_read": "The broker reads no last-accessed data of roles in member accounts.",
}


def usage(connection: Connection, given: Given) -> None:
    """Show what a role's sessions called, and what the role allows beyond it."""
    found = _read(connection, given, _me(connection) if given.flag("mine") else None)
    rows = [_row(use) for use in found["used"]]
    connection.output.show(found, lambda: connection.output.table(COLUMNS, rows, "CloudTrail has no call."))
    for one in found["unused"] or []:
        words = f"{one['service']}: {len(one['actions'])} of {one['allowed']} allowed actions unused"
        connection.output.notice(words)
    _say_how_far(connection, found)


def suggest(connection: Connection, given: Given) -> None:
    """Show or write a narrower template, or a session policy."""
    if given.flag("session_policy"):
        _suggest_session_policy(connection, given)
        return
    from access_broker.roles.suggest import suggested  # noqa: PLC0415  only this needs a checkout

    read = _read(connection, given, None)
    found = suggested(given.word("policies"), read)
    _keep(given, found["template"])
    connection.output.show(found, lambda: _print_template(connection, given, found))
    _say_how_far(connection, read)


def _suggest_session_policy(connection: Connection, given: Given) -> None:
    from access_broker.roles.session_policy import compact, session_policy  # noqa: PLC0415  only this needs it

    read = _read(connection, given, _me(connection))
    policy, widened = session_policy(read)
    text = compact(policy)
    _keep(given, f"{text}\n")
    connection.output.show({"policy": policy, "widened": widened, "unmatched": read["unmatched"]}, lambda: print(text))
    if widened:
        connection.output.notice(f"The exact policy is too long for a session, so it allows {widened}.")
    if read["unmatched"]:
        connection.output.notice(f"Not in it, for want of an IAM action of this name: {', '.join(read['unmatched'])}.")
    _say_how_far(connection, read)


def _me(connection: Connection) -> str:
    return str(connection.broker.get("whoami")["name"])


def _read(connection: Connection, given: Given, caller: str | None) -> dict[str, Any]:
    name, begin = given.word("role"), given.text("since") or since("90d")
    with nearest_role(connection, name), connection.output.working("Reading sessions") as say:
        return role_usage(connection, name, given.number("limit") or SESSIONS, say, since=begin, caller=caller)


def _keep(given: Given, text: str) -> None:
    if given.text("write"):
        Path(given.word("write")).write_text(text, "utf-8")


def _print_template(connection: Connection, given: Given, found: dict[str, Any]) -> None:
    if not given.text("write"):
        print(found["template"], end="")
        return
    written = given.text("write")
    connection.output.line(f"Wrote {written}. See the difference: broker roles plan {written}")


def _say_how_far(connection: Connection, found: dict[str, Any]) -> None:
    """Tell what was read, and what could not be."""
    where = ", ".join(found["regions"]) or "no region"
    connection.output.notice(f"Read {found['sessions']} sessions, CloudTrail's management events of {where} only.")
    accessed = found["last_accessed"] or {}
    if said := ACCESSED.get(accessed.get("state", "")):
        connection.output.notice(f"{said}{' AWS says: ' + accessed['code'] if accessed['code'] else ''}")
    if found["regions_denied"]:
        connection.output.notice(f"AWS refused to look up {', '.join(found['regions_denied'])}.")
    elif not found["complete"]:
        connection.output.notice("These are not all calls: raise --limit, or give a shorter --since.")


def _row(use: dict[str, Any]) -> list[object]:
    return [
        use["service"], use["action"], use["count"], use["denied"] or "",
        local_and_utc(use["last"]) if use["last"] else "", use["allowed"] or "",
    ]  # fmt: skip


OF_SESSIONS = Option("--since", "From sessions issued since then. [90d]", "TIME", since)

COMMANDS = {
    "roles usage": Command(
        usage,
        "Show what sessions of a role called, and what the role allows beyond it.",
        (ROLE, OF_SESSIONS, Option("--mine", "Of your own sessions only."), limit(SESSIONS)),
        more="Needs the right to read the audit of the role, except with --mine.",
        examples=("broker roles usage ec2-full --since 30d", "broker roles usage ec2-full --json"),
    ),
    "roles suggest": Command(
        suggest,
        "Suggest a narrower policy for a role, from what its sessions called.",
        (
            ROLE,
            OF_SESSIONS,
            Option("--session-policy", "From your own sessions, a policy for --policy of your next one."),
            Option("--write", "Write it to this file.", "FILE", names="file"),
            Option("--policies", "The folder that has the role's template. [policies]", "FOLDER", usual="policies"),
            limit(SESSIONS),
        ),
        more="It allows nothing that the role does not allow now. The template needs a checkout and the right to read "
        "the audit; the session policy needs neither.",
        examples=(
            "broker roles suggest ec2-full --write narrow.yaml",
            "broker roles suggest ec2-full --session-policy --write mine.json",
        ),
    ),
}
