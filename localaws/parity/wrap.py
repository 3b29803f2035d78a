"""Replaces a function of ministack by a wrapper that receives the original."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class ArnQuestion(NamedTuple):
    """The arguments that ministack passes to find the resource of a request."""

    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    params: dict[str, Any]
    """The query string, and below it the form of a query-protocol request."""
    region: str
    account: str


def around(module: ModuleType, name: str, wrapper: Callable[..., Any]) -> None:
    """Put `wrapper` in the place of `module.name`; it gets the original as its first argument.

    Raises AttributeError when ministack has no such function any more: a parity
    rule that silently stopped working would be worse than none.
    """
    setattr(module, name, partial(wrapper, getattr(module, name)))


def around_each(handlers: dict[str, Callable[..., Any]], names: tuple[str, ...], wrapper: Callable[..., Any]) -> None:
    """The same for entries of a table of handlers."""
    for name in names:
        handlers[name] = partial(wrapper, handlers[name])
