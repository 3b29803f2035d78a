"""Help: one page a command, in lines that fit the terminal."""

from __future__ import annotations

import os
import shutil
import textwrap
from typing import TYPE_CHECKING

from access_broker.command_line.catalogue import MODULES, commands_of
from access_broker.command_line.options import EVERYWHERE, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from access_broker.command_line.spec import Argument, Command, Option

LEFT = 22
"""Columns for the names of options and commands."""

EXIT_CODES = (
    "Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 approval required, 4 not found, 5 out of reach for now, "
    "6 your own AWS sign-in, 130 Ctrl-C. `exec` ends with its program's own."
)


def overview() -> str:
    """`broker --help`."""
    listed = [(word, _about(word)) for word in MODULES]
    return _page(
        "Usage: broker [options] COMMAND …",
        "Short-lived AWS credentials for people and programs that hold no standing permissions.",
        "Start with `broker roles`, then `broker exec ROLE -- COMMAND`. `broker` alone shows the access you have now "
        "and the requests that wait for you.",
        _listed("Commands:", listed),
        _listed("Options, before the command or after it:", [_option(one) for one in (*EVERYWHERE, VERSION)]),
        EXIT_CODES,
    )


def page(name: str, command: Command | None) -> str:
    """The help of one command, and of those below it."""
    below = {one: found for one, found in commands_of(name.split(maxsplit=1)[0]).items() if one.startswith(f"{name} ")}
    listed = [(one.removeprefix(f"{name} "), found.about) for one, found in below.items()]
    if command is None:
        return _page(f"Usage: broker {name} COMMAND …", "", "", _listed("Commands:", listed))
    return _page(
        f"Usage: broker {name}{_usage(command)}",
        command.about,
        command.more,
        _listed("Commands:", listed),
        _listed("Arguments:", [(one.metavar, one.about) for one in command.arguments]),
        _listed("Options:", [_option(one) for one in command.options]),
        _everywhere(command),
        _examples(command.examples),
    )


def _about(word: str) -> str:
    commands = commands_of(word)
    if word in commands:
        return commands[word].about
    return ", ".join(name.partition(" ")[2] for name in commands) + "."


def _usage(command: Command) -> str:
    words = [_argument(argument) for argument in command.arguments if not argument.rest]
    rest = [_argument(argument) for argument in command.arguments if argument.rest]
    return "".join(f" {word}" for word in [*words, *(["[options]"] if command.options else []), *rest])


def _argument(argument: Argument) -> str:
    shown = f"{'-- ' if argument.rest else ''}{argument.metavar}{'…' if argument.many or argument.rest else ''}"
    return f"[{shown}]" if argument.optional else shown


def _option(option: Option) -> tuple[str, str]:
    flag = f"{option.flag}, {option.opposite}" if option.opposite else option.flag
    about = f"{option.about} One of {', '.join(option.choices)}." if option.choices else option.about
    if option.choices and option.usual:
        about += f" [{option.usual}]"
    if option.many:
        about += " May be repeated."
    return f"{flag} {option.metavar}".rstrip(), about


def _everywhere(command: Command) -> str:
    if not command.connects:
        return "Also: --json."
    return "Also: --url URL, --profile NAME, --region REGION, --json (`broker --help` explains them)."


def _examples(examples: Iterable[str]) -> str:
    lines = "\n".join(f"  {example}" for example in examples)
    return f"Examples:\n{lines}" if lines else ""


def _listed(title: str, rows: list[tuple[str, str]]) -> str:
    lines = [title]
    for name, about in rows:
        first = f"  {name:<{LEFT - 4}}  " if len(name) <= LEFT - 4 else f"  {name}\n{'':<{LEFT}}"
        filled = _filled(about, _width() - LEFT).splitlines() or [""]
        lines += [first + filled[0], *(" " * LEFT + line for line in filled[1:])]
    return "\n".join(line.rstrip() for line in lines) if rows else ""


def _page(usage: str, *parts: str) -> str:
    whole = [usage, *(part if _is_list(part) else _paragraphs(part) for part in parts if part)]
    return "\n\n".join(whole)


def _is_list(part: str) -> bool:
    return "\n  " in part


def _paragraphs(text: str) -> str:
    return "\n\n".join(_filled(one, _width()) for one in text.split("\n\n"))


def _filled(text: str, width: int) -> str:
    return textwrap.fill(text, max(width, 20), break_long_words=False, break_on_hyphens=False)


def _width() -> int:
    return min(shutil.get_terminal_size((80, 24)).columns, 100) if "COLUMNS" in os.environ or _terminal() else 80


def _terminal() -> bool:
    return os.isatty(1)
