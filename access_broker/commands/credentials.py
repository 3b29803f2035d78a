"""Credentials of a role: printed, kept and forgotten."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from access_broker.command_line.options import ASKING, BREAK_GLASS, FRESH, NO_WAIT, ROLE
from access_broker.command_line.spec import Command, Option
from access_broker.credentials.obtain import Issuing
from access_broker.credentials.role_ask import ask_of
from access_broker.storage.vault import open_vault

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection
    from access_broker.credentials.role_credentials import RoleCredentials

FOR_A_SHELL = ("sh", "fish", "powershell")
FORMATS = (*FOR_A_SHELL, "dotenv", "json", "process")
USUAL = "powershell" if os.name == "nt" else "sh"


def creds(connection: Connection, given: Given) -> None:
    """Print credentials, kept ones while they last."""
    how = "json" if connection.output.as_json else given.word("format")
    ask = ask_of(given)
    wait = not given.flag("no_wait") and how != "process"
    connection.asks = how != "process"
    credentials = issuing(connection).take(ask, fresh=given.flag("fresh"), wait=wait)
    print(_printed(credentials, how))
    ask.remark_if_cut(connection.output)
    if how in FOR_A_SHELL and os.environ.get("AWS_PROFILE"):
        connection.output.notice(
            "AWS_PROFILE stays set. The JavaScript SDK prefers it to keys: use `broker exec` there."
        )


def logout(connection: Connection, _given: Given) -> int:
    """Forget everything that is kept."""
    gone, left = open_vault(os.environ, connection.output.notice).clear()
    words = f"Forgot the credentials of {gone} sessions."
    connection.output.show({"forgotten": gone, "left": left}, lambda: connection.output.line(words))
    if left:
        connection.output.notice(
            f"The system's keyring may still hold those of {left}: unlock it, let PYTHON_KEYRING_BACKEND name it, "
            "and run `broker logout` again."
        )
    return 1 if left else 0


def issuing(connection: Connection) -> Issuing:
    """Issuing with the vault of the person who runs the command."""
    return Issuing(connection=connection, vault=open_vault(os.environ, connection.output.notice))


def _printed(credentials: RoleCredentials, how: str) -> str:
    import json  # noqa: PLC0415  a shell's lines do without

    if how == "process":
        return json.dumps(credentials.process_document())
    if how == "json":
        shown = {"role": credentials.role, "session": credentials.session}
        return json.dumps({**shown, "credentials": credentials.process_document()}, indent=2)
    from access_broker.credentials.identity_variables import OUTRANKING_KEYS  # noqa: PLC0415  as above
    from access_broker.credentials.shells import assignments  # noqa: PLC0415  as above

    return assignments(how, credentials.environment(), OUTRANKING_KEYS)


COMMANDS = {
    "creds": Command(
        creds,
        "Print a role's credentials.",
        (
            ROLE,
            Option("--format", "How to print them.", "FORMAT", usual=USUAL, choices=FORMATS),
            *ASKING,
            FRESH,
            BREAK_GLASS,
            NO_WAIT,
        ),
        more="`process` is for credential_process; it never waits for approval.",
        examples=(
            'eval "$(broker creds ec2-full)"',
            "broker creds ec2-full --format fish | source",
            "broker creds ec2-full --format powershell | Invoke-Expression",
            "broker creds ec2-full --format dotenv > .env",
            'broker creds prod-ec2 --for 4h --reason "deploy 1.2" --json',
        ),
    ),
    "logout": Command(
        logout,
        "Forget all kept credentials.",
        more="They stay valid until they end; `broker revoke` ends them now.",
        examples=("broker logout",),
        connects=False,
    ),
}
