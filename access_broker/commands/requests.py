"""Asking for access that others must agree to, and agreeing to what others ask."""

from typing import Annotated, Any

import typer

from access_broker.credentials.approval import Approvals
from access_broker.frame.connection import Connection, connected
from access_broker.frame.role_options import For, Reason, Role, RoleAsk
from access_broker.output.times import local_and_utc, span

app = typer.Typer(rich_markup_mode=None)

Identifier = Annotated[str, typer.Argument(metavar="ID", help="The request's id, as `broker requests` shows it.")]
Comment = Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="For the one who asked, and the audit.")]
COLUMNS = ("id", "state", "caller", "role", "for", "approvals", "reason")


@app.command()
@connected
def request(
    connection: Connection,
    *,
    role: Role,
    duration: For = None,
    reason: Reason = None,
    not_before: Annotated[
        str | None, typer.Option("--not-before", metavar="TIME", help="When it should begin (RFC 3339). [now]")
    ] = None,
    on_behalf_of: Annotated[
        str | None, typer.Option("--on-behalf-of", metavar="USER", help="For somebody else, where a rule allows it.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is decided.")] = False,
) -> None:
    """Ask for a role that needs approval. `broker exec` asks by itself when it has to.

    Example: broker request prod-ec2 --for 4h --reason "deploy 1.2" --wait
    """
    approvals = Approvals(connection.broker, connection.output)
    filed = approvals.file(RoleAsk(role, duration, reason), not_before, on_behalf_of)
    if wait:
        filed = approvals.await_decision(filed)
    _show(connection, filed)


@app.command()
@connected
def requests(
    connection: Connection,
    *,
    state: Annotated[
        str | None, typer.Option("--state", help="pending, approved, denied, cancelled or expired.")
    ] = None,
    role: Annotated[str | None, typer.Option("--role", help="Of this role only.")] = None,
    caller: Annotated[str | None, typer.Option("--caller", help="Of this caller only.")] = None,
    identifier: Annotated[str | None, typer.Option("--id", metavar="ID", help="One request, in full.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many.")] = 50,
) -> None:
    """List requests: your own and those you may decide.

    \b
    Examples:
      broker requests --state pending
      broker requests --id 01kxyz...
    """  # noqa: D301  \b keeps the lines of the examples apart
    if identifier:
        _show(connection, connection.broker.get("requests", identifier))
        return
    found = list(connection.broker.items("requests", "requests", limit=limit, state=state, role=role, caller=caller))
    rows = [_row(one) for one in found]
    connection.output.show(found, lambda: connection.output.table(COLUMNS, rows, "No requests."))
    if len(found) == limit:
        connection.output.notice(f"Stopped after {limit} requests: raise --limit for more.")


@app.command()
@connected
def approve(connection: Connection, *, identifier: Identifier, comment: Comment = None) -> None:
    """Agree to a request. Nobody approves their own.

    Example: broker approve 01kxyz... --comment "go ahead"
    """
    _decide(connection, identifier, "approve", comment)


@app.command()
@connected
def deny(connection: Connection, *, identifier: Identifier, comment: Comment = None) -> None:
    """Refuse a request.

    Example: broker deny 01kxyz... --comment "after the release"
    """
    _decide(connection, identifier, "deny", comment)


@app.command()
@connected
def cancel(connection: Connection, *, identifier: Identifier, comment: Comment = None) -> None:
    """Take back a request of your own.

    Example: broker cancel 01kxyz...
    """
    _decide(connection, identifier, "cancel", comment)


def _decide(connection: Connection, identifier: str, verb: str, comment: str | None) -> None:
    _show(connection, connection.broker.post("requests", identifier, verb, body={"comment": comment}))


def _show(connection: Connection, request: dict[str, Any]) -> None:
    connection.output.show(request, lambda: connection.output.facts(_facts(request)))


def _row(request: dict[str, Any]) -> list[object]:
    asked_for = span(int(request.get("duration_seconds") or 0))
    return [
        request["id"],
        request["state"],
        request.get("caller", ""),
        request["role"],
        asked_for,
        request.get("approvals", ""),
        request.get("reason", ""),
    ]


def _facts(request: dict[str, Any]) -> list[tuple[str, object]]:
    times = [
        (name.removesuffix("_at").replace("_", " "), local_and_utc(value))
        for name, value in request.items()
        if isinstance(value, str) and (name.endswith(("_at", "until")) or name in {"not_before", "answer_by"})
    ]
    decisions = [
        (str(one.get("decision", "")), f"{one.get('by') or one.get('caller', '')} {one.get('comment') or ''}".strip())
        for one in request.get("decisions") or []
    ]
    return [*zip(COLUMNS, _row(request), strict=True), ("asked by", request.get("asked_by")), *times, *decisions]
