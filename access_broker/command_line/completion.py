"""Candidates for the word under the cursor: commands, options, and names that the broker knows."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from access_broker.command_line.catalogue import MODULES, commands_of
from access_broker.command_line.options import EVERYWHERE, HELP, VERSION
from access_broker.command_line.parse import first_bare
from access_broker.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from access_broker.command_line.spec import Command, Option
    from access_broker.connection import Connection

PATIENCE_SECONDS = 2.0
FRESH_SECONDS = 60.0
"""Names that were asked for in the last minute are not asked for again."""

LISTS = {
    "role": ("roles", "name"),
    "request": ("requests", "id"),
    "session": ("sessions", "id"),
    "caller": ("sessions", "caller"),
}
"""Kinds of names, each with the list that has them and their member there."""

NAMES_LOOKED_AT = 200


def candidates(connection: Connection, words: Sequence[str]) -> list[str]:
    """The candidates for the last word, by those before it."""
    *before, current = ["" if word == '""' else word for word in words] or [""]
    found = _found(connection, before, current)
    return sorted(dict.fromkeys(one for one in found if one.startswith(current)))


def _found(connection: Connection, before: list[str], current: str) -> Sequence[str]:
    everywhere = (*EVERYWHERE, VERSION, HELP)
    place = first_bare(before, everywhere)
    name = before[place] if place < len(before) else None
    if name is None:
        if option := _open_option(before, everywhere):
            return _names(connection, option.names)
        return _flags(everywhere) if current.startswith("-") else list(MODULES)
    if name not in MODULES:
        return []
    below = commands_of(name)
    sub = next((f"{name} {word}" for word in before if f"{name} {word}" in below), name)
    command = below.get(sub)
    subs = [one.removeprefix(f"{name} ") for one in below if " " in one] if sub == name else []
    options = [*(command.options if command else ()), *EVERYWHERE, HELP]
    if option := _open_option(before, options):
        return option.choices or _names(connection, option.names)
    if current.startswith("-"):
        return _flags(options)
    return [*subs, *(_arguments(connection, command, before, sub) if command else ())]


def _open_option(before: list[str], options: Sequence[Option]) -> Option | None:
    """The option whose value comes next."""
    last = before[-1] if before else ""
    return next((option for option in options if option.flag == last and option.metavar), None)


def _flags(options: Sequence[Option]) -> list[str]:
    return [flag for option in options for flag in (option.flag, option.opposite) if flag]


def _arguments(connection: Connection, command: Command, before: list[str], name: str) -> Sequence[str]:
    valued = {option.flag for option in (*command.options, *EVERYWHERE) if option.metavar}
    after = before[before.index(name.rsplit(maxsplit=1)[-1]) + 1 :]
    bare = [word for place, word in enumerate(after) if not word.startswith("-") and after[place - 1] not in valued]
    place = min(len(bare), len(command.arguments) - 1)
    if place < 0 or (len(bare) >= len(command.arguments) and not command.arguments[-1].many):
        return []
    return _names(connection, command.arguments[place].names)


def _names(connection: Connection, kind: str) -> list[str]:
    if kind == "profile":
        return profiles()
    if kind not in LISTS:
        return []
    with contextlib.suppress(Failure, OSError, ValueError):
        return _kept(connection, kind) or _asked(connection, kind)
    return []


def profiles() -> list[str]:
    """The profiles of the AWS config."""
    path = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    with contextlib.suppress(OSError):
        return re.findall(r"^\[profile ([^\]]+)\]", path.read_text(errors="replace"), re.MULTILINE)
    return []


def _place(connection: Connection, kind: str) -> Path:
    from access_broker.credentials.obtain import identity_key  # noqa: PLC0415  only names need it
    from access_broker.storage.vault import cache_directory  # noqa: PLC0415  as above

    return cache_directory(os.environ) / f"names-{kind}-{identity_key(connection.settings, os.environ)}"


def _kept(connection: Connection, kind: str) -> list[str]:
    place = _place(connection, kind)
    if not place.exists() or time.time() - place.stat().st_mtime > FRESH_SECONDS:
        return []
    return [str(name) for name in json.loads(place.read_text(encoding="utf-8"))]


def _asked(connection: Connection, kind: str) -> list[str]:
    """The broker's names, for a shell that waits: none after PATIENCE_SECONDS."""
    found: list[str] = []

    def ask() -> None:
        from access_broker.storage.files import private_directory, replace  # noqa: PLC0415  as above

        items, member = LISTS[kind]
        with contextlib.suppress(Failure, OSError):
            names = [str(one[member]) for one in connection.broker.items(items, items, limit=NAMES_LOOKED_AT)]
            found.extend(dict.fromkeys([*names, *_by_alias(connection, names)]))
            place = _place(connection, kind)
            replace(private_directory(place.parent) / place.name, json.dumps(found).encode())

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return list(found)


def _by_alias(connection: Connection, names: list[str]) -> list[str]:
    """Roles of other accounts by the account's alias also: `prod:ec2-full` beside `111122223333:ec2-full`."""
    if not any(":" in name for name in names):
        return []
    aliases = {str(one["id"]): str(one["alias"]) for one in connection.broker.items("accounts", "accounts", limit=1000)}
    parts = [name.partition(":") for name in names]
    return [f"{aliases[account]}:{role}" for account, _, role in parts if role and aliases.get(account)]
