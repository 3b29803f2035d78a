"""Commands as data: their arguments, options and examples. Reading, help and completion all work from these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from access_broker.connection import Connection

    Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Option:
    """`--flag METAVAR`, or a switch where there is no `metavar`.

    `read` turns the text into a value; its ValueError says what is allowed. `opposite` is the flag that says no.
    `names` is the kind of names that completion offers.
    """

    flag: str
    about: str
    metavar: str = ""
    read: Reader = str
    many: bool = False
    usual: Any = None
    choices: tuple[str, ...] = ()
    opposite: str = ""
    required: bool = False
    names: str = ""

    @property
    def name(self) -> str:
        """The name of its value."""
        return self.flag.lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Argument:
    """A word that stands by itself. `rest` takes every word from there on, options too."""

    metavar: str
    about: str
    read: Reader = str
    optional: bool = False
    many: bool = False
    rest: bool = False
    names: str = ""

    @property
    def name(self) -> str:
        """The name of its value."""
        return self.metavar.lower()


@dataclass(frozen=True, slots=True)
class Given:
    """The values of one call, by name."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """A text, or None."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def word(self, name: str) -> str:
        """A text that is always there: an argument, or an option with a usual value."""
        return str(self.values[name])

    def flag(self, name: str) -> bool:
        """A switch."""
        return bool(self.values.get(name))

    def number(self, name: str) -> int | None:
        """A whole number, or None."""
        value = self.values.get(name)
        return None if value is None else int(value)

    def texts(self, name: str) -> list[str]:
        """The values of an option that may be repeated, or of an argument that takes several."""
        return [str(one) for one in self.values.get(name) or ()]

    def value(self, name: str) -> Any:
        """The value as its reader made it, or None."""
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `about` is one sentence; `more` follows it in the help; examples are whole command lines."""

    run: Callable[[Connection, Given], int | None]
    about: str
    takes: tuple[Argument | Option, ...] = ()
    more: str = ""
    examples: tuple[str, ...] = ()
    connects: bool = True
    passes_all: bool = False
    """Every word after the command's name is its program's, `--help` too."""

    arguments: tuple[Argument, ...] = field(init=False)
    options: tuple[Option, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Sort what it takes."""
        object.__setattr__(self, "arguments", tuple(one for one in self.takes if isinstance(one, Argument)))
        object.__setattr__(self, "options", tuple(one for one in self.takes if isinstance(one, Option)))
