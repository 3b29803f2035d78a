"""The entry point: finds the command, runs it, and turns every failure into a sentence and an exit code."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import io
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from access_broker import __version__
from access_broker.failures import INTERRUPTED, Failure
from access_broker.output.printer import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = "access_broker.commands"
COMMANDS: Mapping[str, str] = {
    "whoami": f"{HERE}.identity",
    "exec": f"{HERE}.running",
    "creds": f"{HERE}.credentials",
    "console": f"{HERE}.console",
    "configure": f"{HERE}.configuring",
    "serve": f"{HERE}.running",
    "logout": f"{HERE}.credentials",
    "request": f"{HERE}.requests",
    "requests": f"{HERE}.requests",
    "approve": f"{HERE}.requests",
    "deny": f"{HERE}.requests",
    "cancel": f"{HERE}.requests",
    "done": f"{HERE}.reviewing",
    "explain": f"{HERE}.explaining",
    "sessions": f"{HERE}.sessions",
    "activity": f"{HERE}.sessions",
    "revoke": f"{HERE}.revoking",
    "suspend": f"{HERE}.suspending",
    "unsuspend": f"{HERE}.suspending",
    "callers": f"{HERE}.suspending",
    "review": f"{HERE}.reviewing",
    "cleanup": f"{HERE}.cleanup",
    "doctor": f"{HERE}.doctor",
}
"""Each command's module, imported when the command runs: credential_process must be quick."""

GROUPS: Mapping[str, str] = {
    "roles": f"{HERE}.roles",
    "users": f"{HERE}.users",
    "audit": f"{HERE}.audit",
    "policy": "access_broker.policy",
}
"""The same for commands that have commands of their own."""

NEEDED = {"policy": "policytool"}
"""What a group needs that only a checkout of the repository has."""


class Commands(TyperGroup):
    """The commands, in the order above."""

    def list_commands(self, _context: Any) -> list[str]:
        """Those that work here."""
        return [name for name in (*COMMANDS, *GROUPS) if _works_here(name)]

    def get_command(self, _context: Any, cmd_name: str) -> Any:
        """The command, or None."""
        if cmd_name in COMMANDS:
            return get_group(importlib.import_module(COMMANDS[cmd_name]).app).commands[cmd_name]
        if cmd_name in GROUPS and _works_here(cmd_name):
            group = get_group(importlib.import_module(GROUPS[cmd_name]).app)
            group.name = cmd_name
            return group
        return None


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


def _version(*, asked: bool) -> None:
    if asked:
        print(f"broker {__version__}")
        raise typer.Exit


@app.callback(
    epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 approval required, 4 not found, "
    "5 out of reach for now, 6 your own AWS sign-in, 130 Ctrl-C; `exec` ends with its program's own."
)
def broker(
    *,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Short-lived AWS credentials for people and programs that hold no standing permissions.

    Start with `broker roles`, then `broker exec ROLE -- COMMAND`.
    """


def main() -> None:
    """Run the command line; never show a traceback: its lines may stand next to secrets."""
    _never_fail_to_print()
    try:
        app(prog_name="broker")
    except Failure as failure:
        _say(failure.sentence, failure.fields)
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        _say(_system_trouble(error))
        sys.exit(Failure.exit_code)
    except Exception as error:  # noqa: BLE001  the last line of defence says the type and the place only
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {os.path.basename(place.filename)}:{place.lineno}"  # noqa: PTH119
        _say(f"Something broke in broker itself ({where}): please report that with the command you ran.")
        sys.exit(Failure.exit_code)


def _never_fail_to_print() -> None:
    """A reason in Japanese must not break a command on a terminal that knows ASCII only."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(sentence: str, fields: Mapping[str, str] | None = None) -> None:
    print(f"broker: {printable(sentence)}", file=sys.stderr)
    for name, expected in (fields or {}).items():
        print(printable(f"  {name}: {expected}"), file=sys.stderr)


def _system_trouble(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    advice = {
        errno.ENOSPC: "free some space and try again",
        errno.EDQUOT: "free some space and try again",
        errno.EFBIG: "raise the limit on file sizes (ulimit -f) and try again",
        errno.EACCES: "change its permissions or run as its owner",
        errno.EPERM: "change its permissions or run as its owner",
        errno.EROFS: "choose a place that can be written",
    }.get(error.errno or 0, "mend that and try again")
    return f"{place}{error.strerror or type(error).__name__}: {advice}."


def _works_here(name: str) -> bool:
    return name not in NEEDED or importlib.util.find_spec(NEEDED[name]) is not None
