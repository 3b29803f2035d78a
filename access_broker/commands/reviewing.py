"""After the access: giving it back early, and signing off break-glass sessions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from access_broker.command_line.options import REASON, SESSION, identifier
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.commands.sessions import facts
from access_broker.names import whole_id
from access_broker.storage.vault import open_vault

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

GRANT = Argument("ID", "The grant's id: that of the request it was approved by.", identifier, names="request")


def done(connection: Connection, given: Given) -> None:
    """End a grant."""
    grant = whole_id(connection, given.word("id"), "requests")
    ended = connection.broker.delete("grants", grant, reason=given.text("reason"))
    open_vault(os.environ, connection.output.notice).forget_where(lambda kept: kept.role == ended["role"])
    words = f"The grant {ended['id']} of {ended['role']} to {ended['caller']} is {ended['state']}."
    connection.output.show(ended, lambda: connection.output.line(words))


def review(connection: Connection, given: Given) -> None:
    """Sign off a session."""
    one, comment = whole_id(connection, given.word("id"), "sessions"), given.text("comment")
    session = connection.broker.post("sessions", one, "review", body={"comment": comment})
    connection.output.show(session, lambda: connection.output.facts(facts(session)))


COMMANDS = {
    "done": Command(
        done,
        "Give access back before its time is up.",
        (GRANT, REASON),
        more="Its sessions end, unless something else covers them.",
        examples=("broker done 01kxyz",),
    ),
    "review": Command(
        review,
        "Sign off a break-glass session of another caller.",
        (SESSION, Option("--comment", "The findings; required.", "TEXT", required=True)),
        examples=('broker review 01kxyz --comment "only restarted the stuck host"',),
    ),
}
