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
    """Give no warning: deprecation warnings do not belong in the log of a function."""
    return lambda decorated: decorated
