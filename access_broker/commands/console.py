"""The AWS console as a role."""

from typing import Annotated, Any

import typer

from access_broker.commands.credentials import NoWait
from access_broker.credentials.approval import granted
from access_broker.failures import Failure
from access_broker.frame.connection import Connection, connected
from access_broker.frame.role_options import For, Reason, Role, RoleAsk
from access_broker.output.browser import open_once
from access_broker.output.times import local_and_utc

app = typer.Typer(rich_markup_mode=None)


@app.command()
@connected
def console(
    connection: Connection,
    *,
    role: Role,
    duration: For = None,
    reason: Reason = None,
    destination: Annotated[
        str | None, typer.Option("--destination", metavar="URL", help="The console page to land on.")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the browser instead of printing the URL.")] = False,
    no_wait: NoWait = False,
) -> None:
    """Sign in to the AWS console as a role. The URL is a secret for 15 minutes.

    \b
    Examples:
      broker console ec2-full --open
      broker console prod-ec2 --reason "look at alarms" --destination https://console.aws.amazon.com/ec2
    """  # noqa: D301  \b keeps the lines of the examples apart
    body = {"role": role, "reason": reason, "destination": destination}
    ask = RoleAsk(role, duration, reason)
    link = granted(lambda: connection.broker.post("console-links", body=body), ask, connection, wait=not no_wait)
    ask.remark_if_cut(connection.output)
    if open_it:
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
    connection.output.notice(f"Follow it before {until}; it signs in whoever has it.")
    if link.get("switch_role_url"):
        connection.output.notice(f"Or switch role in a console session of your own: {link['switch_role_url']}")
