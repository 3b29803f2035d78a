"""Credentials of a role: printed, or given to a program."""

import dataclasses
import json
import os
from enum import StrEnum
from typing import Annotated

import typer

from access_broker.credentials.identity_variables import OUTRANKING_KEYS
from access_broker.credentials.obtain import Issuing
from access_broker.credentials.role_credentials import RoleCredentials
from access_broker.credentials.shells import Shell, assignments
from access_broker.failures import Failure
from access_broker.frame.connection import Connection, connect
from access_broker.frame.option_groups import composed
from access_broker.frame.role_options import RoleAsk, ask_for
from access_broker.output.printer import Output
from access_broker.storage.vault import open_vault

app = typer.Typer(rich_markup_mode=None)

Fresh = Annotated[
    bool, typer.Option("--fresh", help="Take new credentials even if kept ones would do: those may be revoked.")
]
BreakGlass = Annotated[
    bool,
    typer.Option(
        "--break-glass", help="In an emergency, where a rule allows it: no approval, but a review afterwards."
    ),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Where approval is needed, file the request and leave (exit 3).")
]


class Format(StrEnum):
    """How `creds` prints."""

    SH = "sh"
    FISH = "fish"
    POWERSHELL = "powershell"
    DOTENV = "dotenv"
    JSON = "json"
    PROCESS = "process"


FOR_A_SHELL = (Format.SH, Format.FISH, Format.POWERSHELL)
USUAL = Format.POWERSHELL if os.name == "nt" else Format.SH


@app.command()
@composed(connection=connect, ask=ask_for)
def creds(
    connection: Connection,
    ask: RoleAsk,
    *,
    how: Annotated[Format, typer.Option("--format", help="What to print them as.")] = USUAL,
    fresh: Fresh = False,
    break_glass: BreakGlass = False,
    no_wait: NoWait = False,
) -> None:
    """Print a role's credentials.

    `process` is what credential_process wants; it never waits for approval.

    \b
    Examples:
      eval "$(broker creds ec2-full)"
      broker creds ec2-full --format fish | source
      broker creds ec2-full --format powershell | Invoke-Expression
      broker creds ec2-full --format dotenv > .env
      broker creds prod-ec2 --for 4h --reason "deploy 1.2" --json
    """  # noqa: D301  \b keeps the lines of the examples apart
    wait = not no_wait and how is not Format.PROCESS
    ask = dataclasses.replace(ask, break_glass=break_glass)
    credentials = issuing(connection).take(ask, fresh=fresh, wait=wait)
    how = Format.JSON if connection.output.as_json else how
    print(_printed(credentials, how))
    ask.remark_if_cut(connection.output)
    if how in FOR_A_SHELL and os.environ.get("AWS_PROFILE"):
        connection.output.notice(
            "AWS_PROFILE stays set. The JavaScript SDK prefers it to keys: use `broker exec` there."
        )


@app.command()
def logout(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False
) -> None:
    """Forget all kept credentials. They stay valid until they end; `broker revoke` ends them now.

    Example: broker logout
    """
    output = Output(as_json)
    gone, left = open_vault(os.environ, output.notice).clear()
    output.show({"forgotten": gone, "left": left}, lambda: output.line(f"Forgot the credentials of {gone} sessions."))
    if left:
        raise Failure(
            f"The system's keyring may still hold those of {left}: unlock it, let PYTHON_KEYRING_BACKEND name it, "
            "and run `broker logout` again."
        )


def issuing(connection: Connection) -> Issuing:
    """Issuing with the vault of whoever runs the command."""
    return Issuing(connection=connection, vault=open_vault(os.environ, connection.output.notice))


def _printed(credentials: RoleCredentials, how: Format) -> str:
    if how is Format.PROCESS:
        return json.dumps(credentials.process_document())
    if how is Format.JSON:
        shown = {"role": credentials.role, "session": credentials.session}
        return json.dumps({**shown, "credentials": credentials.process_document()}, indent=2)
    return assignments(Shell(how.value), credentials.environment(), OUTRANKING_KEYS)
