"""Suspending callers and lifting suspensions; and the callers that the directory knows."""

from typing import Annotated, Any

import typer

from access_broker.failures import Misused, NotFound
from access_broker.frame.connection import Connection, connected
from access_broker.output.times import local_and_utc

app = typer.Typer(rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A user, a role, ROLE/SESSION, or sso/PERSON.")]
COLUMNS = ("name", "kind", "groups", "suspended", "as of")


@app.command()
@connected
def suspend(
    connection: Connection,
    *,
    name: Name,
    reason: Annotated[str | None, typer.Option("--reason", help="Why: it goes into the audit log.")] = None,
) -> None:
    """Suspend a caller: refused from the next request on, sessions ended, pending requests cancelled.

    A role is suspended with all its sessions. The caller's access keys stay: deactivate a leaked key in IAM first.

    Example: broker suspend alice --reason "key in a build log"
    """
    if not reason:
        raise Misused("Say why: --reason TEXT. It goes into the audit log.")
    done = connection.broker.post("suspensions", body={"caller": name, "reason": reason})

    def said() -> None:
        for line in _done(name, done):
            connection.output.line(line)

    connection.output.show(done, said)


@app.command()
@connected
def unsuspend(connection: Connection, *, name: Name) -> None:
    """Lift every suspension of a caller. Ended sessions and cancelled requests stay as they are.

    Example: broker unsuspend alice
    """
    standing = connection.broker.get("suspensions")["suspensions"]
    found = [one for one in standing if one["caller"] == name]
    if not found:
        raise NotFound(f"{name} is not suspended.")
    lifted = [connection.broker.delete("suspensions", one["id"]) for one in found]
    connection.output.show(lifted, lambda: connection.output.line(f"{name} may ask again."))


@app.command()
@connected
def callers(
    connection: Connection,
    *,
    group: Annotated[str | None, typer.Option("--group", help="In this group only.")] = None,
    suspended: Annotated[bool, typer.Option("--suspended", help="Suspended ones only.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many.")] = 100,
) -> None:
    """List the users and roles that the broker knows, for those who may read the audit.

    Example: broker callers --group engineers
    """
    filters = {"group": group, "suspended": "true" if suspended else None}
    found = list(connection.broker.items("callers", "callers", limit=limit, **filters))
    connection.output.show(found, lambda: connection.output.table(COLUMNS, list(map(_row, found)), "No callers."))
    if len(found) == limit:
        connection.output.notice(f"Stopped after {limit} callers: raise --limit for more.")


def _done(name: str, done: dict[str, Any]) -> list[str]:
    """The result for people."""
    sessions, requests = len(done["sessions"]), len(done["requests"])
    roles = f" on {', '.join(done['roles'])}" if done["roles"] else ""
    lines = [f"{name} is suspended: refused from the next request on."]
    lines.append(f"Ended {sessions} sessions{roles}. Cancelled {requests} pending requests.")
    lines += [
        f"{role} may be assumed without the broker: end it with broker revoke --role" for role in done["direct_roles"]
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
