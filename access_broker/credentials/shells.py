"""Credentials as text: assignments for a shell, a dotenv file, or JSON."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def assignments(shell: str, variables: Mapping[str, str], in_the_way: Iterable[str]) -> str:
    """Lines that unset what is `in_the_way` of `variables`, and set those."""
    set_line, unset_line = LINES[shell]
    removed = [name for name in in_the_way if name not in variables]
    lines = [set_line(name, value) for name, value in variables.items()]
    return "\n".join([*(unset_line(name) for name in removed if unset_line), *lines])


def _quoted_for_fish(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted_for_powershell(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


LINES: Mapping[str, tuple[Callable[[str, str], str], Callable[[str], str] | None]] = {
    "sh": (lambda name, value: f"export {name}={shlex.quote(value)}", lambda name: f"unset {name}"),
    "fish": (lambda name, value: f"set -gx {name} {_quoted_for_fish(value)}", lambda name: f"set -e {name}"),
    "powershell": (
        lambda name, value: f"$Env:{name} = {_quoted_for_powershell(value)}",
        lambda name: f"Remove-Item Env:{name} -ErrorAction SilentlyContinue",
    ),
    "dotenv": (lambda name, value: f"{name}={value}", None),
}

SHELLS = tuple(LINES)
"""The forms that there are."""
