"""Stands in for typing_extensions: of what dependencies ask it for, `typing` of Python 3.11 has all but one.

The real one takes a tenth of a megabyte in the package, half a one in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, Required, Self, TypeVar, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NotRequired", "Required", "Self", "deprecated", "get_type_hints"]

Decorated = TypeVar("Decorated")


def deprecated(_message: str, **_options: object) -> Callable[[Decorated], Decorated]:
    """Say nothing: whoever calls what is deprecated does not read a function's log."""
    return lambda decorated: decorated
