"""Every command and its module, imported when the command runs: credential_process must be quick."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from access_broker.failures import Misused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from access_broker.command_line.spec import Command

HERE = "access_broker.commands"
MODULES: Mapping[str, str] = {
    "status": "status",
    "whoami": "identity",
    "exec": "running",
    "creds": "credentials",
    "console": "console",
    "configure": "configuring",
    "serve": "running",
    "portal": "portal",
    "logout": "credentials",
    "request": "requests",
    "requests": "requests",
    "approve": "requests",
    "deny": "requests",
    "cancel": "requests",
    "done": "reviewing",
    "explain": "explaining",
    "sessions": "sessions",
    "activity": "sessions",
    "revoke": "revoking",
    "suspend": "suspending",
    "unsuspend": "suspending",
    "callers": "suspending",
    "review": "reviewing",
    "cleanup": "cleanup",
    "doctor": "doctor",
    "roles": "roles",
    "accounts": "accounts",
    "users": "users",
    "me": "own",
    "keys": "own",
    "mfa": "own",
    "audit": "audit",
    "report": "report",
    "policy": "policy",
    "completion": "completing",
}
"""In the order of `broker --help`. A module's COMMANDS has the command, and those below it as `roles show`."""


def commands_of(word: str) -> Mapping[str, Command]:
    """The command `word` and those below it, by their whole names; Misused where there is none."""
    if word not in MODULES:
        raise Misused(f"There is no command {word}{nearest(word, MODULES) or '.'} `broker --help` lists the commands.")
    found: Mapping[str, Command] = importlib.import_module(f"{HERE}.{MODULES[word]}").COMMANDS
    return {name: command for name, command in found.items() if name.split()[0] == word}


def nearest(word: str, known: Iterable[str]) -> str:
    """`: did you mean X?` where one of the known words is close."""
    import difflib  # noqa: PLC0415  only a mistake needs it

    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f": did you mean {close[0]}?" if close else ""
