"""The AWS console as a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import FOR, NO_WAIT, REASON, ROLE
from access_broker.command_line.spec import Command, Option
from access_broker.credentials.approval import granted
from access_broker.credentials.role_ask import RoleAsk, session_seconds
from access_broker.failures import Failure
from access_broker.names import nearest_role
from access_broker.output.browser import open_once
from access_broker.output.times import local_and_utc

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection


def console(connection: Connection, given: Given) -> None:
    """Print or open a sign-in URL."""
    role, reason = given.word("role"), given.text("reason")
    body = {"role": role, "reason": reason, "destination": given.text("destination")}
    ask = RoleAsk(role, session_seconds(given.number("for")), reason)
    wait = not given.flag("no_wait")
    with nearest_role(connection, role):
        link = granted(lambda: connection.broker.post("console-links", body=body), ask, connection, wait=wait)
    ask.remark_if_cut(connection.output)
    if given.flag("open"):
        _open(connection, link)
    else:
        connection.output.show(link, lambda: _print(connection, link))


def _open(connection: Connection, link: dict[str, Any]) -> None:
    if not open_once(link["sign_in_url"]):
        raise Failure("No browser opened here: run it again without --open and follow the printed URL yourself.")
    opened = {"session": link["session"], "opened": True}
    connection.output.show(opened, lambda: connection.output.line("The console is open in your browser."))


def _print(connection: Connection, link: dict[str, Any]) -> None:
    print(link["sign_in_url"])
    until = local_and_utc(link.get("sign_in_url_expires_at"))
    connection.output.notice(f"Follow it before {until}; it signs in every person who has it.")
    if link.get("switch_role_url"):
        connection.output.notice(f"Or switch role in a console session of your own: {link['switch_role_url']}")


COMMANDS = {
    "console": Command(
        console,
        "Sign in to the AWS console as a role.",
        (
            ROLE,
            Option("--destination", "The console page to land on.", "URL"),
            Option("--open", "Open the browser instead of printing the URL."),
            FOR,
            REASON,
            NO_WAIT,
        ),
        more="The URL is a secret for 15 minutes.",
        examples=(
            "broker console ec2-full --open",
            'broker console prod-ec2 --reason "look at alarms" --destination https://console.aws.amazon.com/ec2',
        ),
    )
}
