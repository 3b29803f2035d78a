"""After the access: giving it back early, and signing off what was done behind broken glass."""

import os
from typing import Annotated

import typer

from access_broker.commands.sessions import Identifier, facts
from access_broker.frame.connection import Connection, connected
from access_broker.frame.role_options import Reason
from access_broker.storage.vault import open_vault

app = typer.Typer(rich_markup_mode=None)

Grant = Annotated[str, typer.Argument(metavar="ID", help="The grant's id: that of the request it was approved by.")]


@app.command()
@connected
def done(connection: Connection, *, grant: Grant, reason: Reason = None) -> None:
    """Give access back before its time is up. Its sessions end, unless something else covers them.

    Example: broker done 01kxyz...
    """
    ended = connection.broker.delete("grants", grant, reason=reason)
    open_vault(os.environ, connection.output.notice).forget_where(lambda kept: kept.role == ended["role"])
    words = f"The grant {ended['id']} of {ended['role']} to {ended['caller']} is {ended['state']}."
    connection.output.show(ended, lambda: connection.output.line(words))


@app.command()
@connected
def review(
    connection: Connection,
    *,
    identifier: Identifier,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="What was found.")],
) -> None:
    """Sign off a break-glass session. Somebody else's, with what you found.

    Example: broker review 01kxyz... --comment "only restarted the stuck host"
    """
    session = connection.broker.post("sessions", identifier, "review", body={"comment": comment})
    connection.output.show(session, lambda: connection.output.facts(facts(session)))
