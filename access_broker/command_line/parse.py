"""Words of the command line, read by what the command takes.

Options stand anywhere: before the command those that every command has, after it all of them. An argument that takes
the rest (`exec ROLE COMMAND…`) takes it whole: options of the program are not ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from access_broker.command_line.catalogue import commands_of, nearest
from access_broker.command_line.options import EVERYWHERE, HELP, JSON, VERSION
from access_broker.command_line.spec import Argument, Given, Option
from access_broker.failures import Misused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from access_broker.command_line.spec import Command


@dataclass(frozen=True, slots=True)
class Call:
    """One command with its values. Without a command, `broker` alone; `help` asks for the help of what is named."""

    name: str
    command: Command | None
    given: Given
    help: bool = False


def parse(words: Sequence[str]) -> Call:
    """The call that the words ask for; Misused says what does not fit."""
    before, word, after = _split(words)
    if word is None:
        values = _Values("", (*EVERYWHERE, VERSION, HELP), ()).read(before)
        return Call("", None, Given(values), help=bool(values.get("help")))
    commands = commands_of(word)
    name, left = _below(word, commands, after)
    command = commands.get(name)
    if command and command.passes_all:
        return Call(
            name, command, Given({**_Values(name, EVERYWHERE, ()).read(before), command.arguments[0].name: left})
        )
    if command is None or _mistyped_below(word, command, commands, left):
        if {"--help", "-h"} & {*before, *left}:
            return Call(name, command, Given({}), help=True)
        raise Misused(f"{_which(word, commands, left)} `broker {word} --help` explains them.")
    values = _Values(name, (*options_of(command), HELP), command.arguments).read([*before, *left])
    return Call(name, command, Given(values), help=bool(values["help"]))


def options_of(command: Command) -> tuple[Option, ...]:
    """Its own and those that every command has."""
    return (*command.options, *(EVERYWHERE if command.connects else (JSON,)))


def _split(words: Sequence[str]) -> tuple[list[str], str | None, list[str]]:
    """The words before the command, the command, the words after it."""
    place = first_bare(words, (*EVERYWHERE, VERSION, HELP))
    return list(words[:place]), words[place] if place < len(words) else None, list(words[place + 1 :])


def first_bare(words: Sequence[str], options: Sequence[Option]) -> int:
    """The place of the first word that is neither an option nor the value of one."""
    valued = {option.flag for option in options if option.metavar}
    place = 0
    while place < len(words) and words[place].startswith("-") and words[place] != "--":
        place += 2 if words[place] in valued else 1
    return place


def _below(word: str, commands: Mapping[str, Command], words: list[str]) -> tuple[str, list[str]]:
    """The whole name of the command, and the words without it."""
    options = [option for command in commands.values() for option in options_of(command)]
    place = first_bare(words, options) if len(commands) > 1 or word not in commands else len(words)
    name = f"{word} {words[place]}" if place < len(words) else word
    return (name, [*words[:place], *words[place + 1 :]]) if name in commands else (word, words)


def _mistyped_below(word: str, command: Command, commands: Mapping[str, Command], left: Sequence[str]) -> bool:
    """True if a word that is no command follows a group that takes no argument."""
    if command.arguments or len(commands) == 1 or command is not commands.get(word):
        return False
    return first_bare(left, options_of(command)) < len(left)


def _which(word: str, commands: Mapping[str, Command], left: Sequence[str]) -> str:
    below = [name.partition(" ")[2] for name in commands if " " in name]
    place = first_bare(left, [one for command in commands.values() for one in options_of(command)])
    bare = left[place] if place < len(left) else None
    if bare:
        return f"{word} has no command {bare}{nearest(bare, below) or '.'}"
    return f"Name what to do with {word}: {', '.join(below)}."


class _Values:
    """Reads words into values by name."""

    def __init__(self, name: str, options: Sequence[Option], arguments: Sequence[Argument]) -> None:
        self._command = f"broker {name}".rstrip()
        self._options = {option.flag: option for option in options}
        self._opposites = {option.opposite: option for option in options if option.opposite}
        self._arguments = list(arguments)
        self._values: dict[str, Any] = {option.name: option.usual for option in options}

    def read(self, words: Sequence[str]) -> dict[str, Any]:
        """The values; Misused where one does not fit."""
        left = list(words)
        bare: list[str] = []
        while left:
            word = left.pop(0)
            if self._takes_rest(len(bare)) and (not word.startswith("-") or word == "--"):
                bare += left if word == "--" else [word, *left]
                break
            if word == "--":
                bare += left
                break
            if word.startswith("-") and len(word) > 1:
                self._read_option("--help" if word == "-h" else word, left)
            else:
                bare.append(word)
        if not self._values.get("help"):
            self._read_arguments(bare)
        return self._values

    def _takes_rest(self, count: int) -> bool:
        return count < len(self._arguments) and self._arguments[count].rest

    def _read_option(self, word: str, left: list[str]) -> None:
        flag, equals, text = word.partition("=")
        if flag in self._opposites and not equals:
            self._values[self._opposites[flag].name] = False
            return
        option = self._options.get(flag)
        if option is None:
            raise Misused(f"{self._command} has no option {flag}{nearest(flag, self._options)}{self._see_help()}")
        if not option.metavar:
            self._switch(option, equals)
            return
        if not equals:
            text = self._following(option, left)
        value = self._value(option, option.flag, text)
        self._values[option.name] = [*(self._values[option.name] or ()), value] if option.many else value

    def _switch(self, option: Option, equals: str) -> None:
        if equals:
            raise Misused(f"{option.flag} takes no value{self._see_help()}")
        self._values[option.name] = True

    def _following(self, option: Option, left: list[str]) -> str:
        if not left or left[0].partition("=")[0] in self._options or left[0] == "--":
            raise Misused(f"{option.flag} needs its {option.metavar}{self._see_help()}")
        return left.pop(0)

    def _value(self, taker: Option | Argument, label: str, text: str) -> Any:
        choices = taker.choices if isinstance(taker, Option) else ()
        if choices and text not in choices:
            raise Misused(f"{label} {text}: choose one of {', '.join(choices)}{nearest(text, choices)}")
        try:
            return taker.read(text)
        except ValueError as error:
            raise Misused(f"{label} {text}: {error}") from error

    def _read_arguments(self, bare: list[str]) -> None:
        for argument in self._arguments:
            if argument.many or argument.rest:
                self._values[argument.name] = [self._value(argument, argument.metavar, one) for one in bare]
                if not bare and not argument.optional:
                    raise Misused(f"Name {argument.metavar}{self._see_help()}")
                return
            if bare:
                self._values[argument.name] = self._value(argument, argument.metavar, bare.pop(0))
            elif argument.optional:
                self._values[argument.name] = None
            else:
                raise Misused(f"Name {argument.metavar}{self._see_help()}")
        for option in self._options.values():
            if option.required and self._values[option.name] is None:
                raise Misused(f"{self._command} needs {option.flag} {option.metavar}{self._see_help()}")
        if bare:
            raise Misused(f"{self._command} does not take {bare[0]!r}{self._see_help()}")

    def _see_help(self) -> str:
        return f" (`{self._command} --help` explains it)."
