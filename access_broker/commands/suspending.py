"""Suspending callers and lifting suspensions; and the callers that the directory knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import caller_name, limit
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.failures import NotFound
from access_broker.output.table import Column
from access_broker.output.times import local_and_utc

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

COLUMNS = (
    Column("name"),
    Column("kind", leaves=1),
    Column("groups", elastic=True),
    Column("suspended"),
    Column("as of", leaves=2),
)


NAME = Argument(
    "NAME",
    "A user, a role, ROLE/SESSION or sso/PERSON; for a member account, with its id and a colon in front.",
    caller_name,
    names="caller",
)


def suspend(connection: Connection, given: Given) -> None:
    """POST /v1/suspensions."""
    name = given.word("name")
    done = connection.broker.post("suspensions", body={"caller": name, "reason": given.word("reason")})

    def said() -> None:
        for line in _done(name, done):
            connection.output.line(line)

    connection.output.show(done, said)


def unsuspend(connection: Connection, given: Given) -> None:
    """Lift the suspensions of one caller."""
    name = given.word("name")
    standing = connection.broker.get("suspensions")["suspensions"]
    found = [one for one in standing if one["caller"] == name]
    if not found:
        raise NotFound(f"{name} is not suspended.")
    lifted = [connection.broker.delete("suspensions", one["id"]) for one in found]
    connection.output.show(lifted, lambda: connection.output.line(f"{name} may ask again."))


def callers(connection: Connection, given: Given) -> None:
    """List callers."""
    most = given.number("limit")
    filters = {"group": given.text("group"), "suspended": "true" if given.flag("suspended") else None}
    found = list(connection.broker.items("callers", "callers", limit=most, **filters))
    connection.output.show(found, lambda: connection.output.table(COLUMNS, list(map(_row, found)), "No callers."))
    if len(found) == most:
        connection.output.notice(f"Stopped after {most} callers: raise --limit for more.")


def _done(name: str, done: dict[str, Any]) -> list[str]:
    """The result for people."""
    sessions, requests = len(done["sessions"]), len(done["requests"])
    roles = f" on {', '.join(done['roles'])}" if done["roles"] else ""
    lines = [f"{name} is suspended: refused from the next request on."]
    lines.append(f"Ended {sessions} sessions{roles}. Cancelled {requests} pending requests.")
    lines += [
        f"{role} may be assumed without the broker: end it with broker revoke --role {role}"
        for role in done["direct_roles"]
    ]
    lines += [f"Not done: {failure}" for failure in done["failures"]]
    return [*lines, f"Lift it with: broker unsuspend {name}"]


def _row(caller: dict[str, Any]) -> list[object]:
    return [
        caller["name"],
        caller["kind"],
        ", ".join(caller["groups"]),
        "yes" if caller["suspended"] else "",
        local_and_utc(caller["as_of"]),
    ]


COMMANDS = {
    "suspend": Command(
        suspend,
        "Suspend a caller: refused from the next request on, sessions ended, pending requests cancelled.",
        (NAME, Option("--reason", "Why; it is kept in the audit log.", "TEXT", required=True)),
        more="A role is suspended with all its sessions. The caller's access keys stay: deactivate a leaked key in IAM "
        "first.",
        examples=('broker suspend alice --reason "key in a build log"',),
    ),
    "unsuspend": Command(
        unsuspend,
        "Lift every suspension of a caller.",
        (NAME,),
        more="Ended sessions and cancelled requests stay as they are.",
        examples=("broker unsuspend alice",),
    ),
    "callers": Command(
        callers,
        "List the users and roles that the broker knows, for those who may read the audit.",
        (Option("--group", "In this group only.", "GROUP"), Option("--suspended", "Suspended ones only."), limit(100)),
        examples=("broker callers --group engineers",),
    ),
}
