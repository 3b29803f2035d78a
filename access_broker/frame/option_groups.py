"""Typer commands made of parts: a parameter of the command stands for a whole group of options."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

Maker = Callable[..., Any]


def composed(**makers: Maker) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator: each parameter named here is made by its maker, whose own parameters the command line takes instead.

    So every command that has a `connection` has the same options for it, said once.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        wanted = inspect.signature(command)
        parts = {name: inspect.signature(maker).parameters for name, maker in makers.items()}

        def run(**given: Any) -> None:
            made = {name: makers[name](**{option: given.pop(option) for option in parts[name]}) for name in makers}
            command(**given, **made)

        functools.update_wrapper(run, command)
        del run.__wrapped__  # type: ignore[attr-defined]  # Typer would look through it and miss the options
        run.__annotations__ = {}
        run.__signature__ = wanted.replace(parameters=_taken(wanted, parts))  # type: ignore[attr-defined]
        return run

    return decorate


def _taken(wanted: inspect.Signature, parts: dict[str, Any]) -> list[inspect.Parameter]:
    """The command line's parameters, in the order of the command's: by keyword, as Typer calls."""
    found = [
        parameter
        for name, own in wanted.parameters.items()
        for parameter in (parts[name].values() if name in parts else (own,))
    ]
    return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in found]
