"""Stands in for docstrings of client methods: a running function needs no help()."""

from typing import Self


class LazyLoadedDocstring(str):
    """An empty docstring that takes what the real one takes."""

    __slots__ = ()

    def __new__(cls, *_args: object, **_options: object) -> Self:
        """Forget what the text would be made of."""
        return super().__new__(cls)


class ClientMethodDocstring(LazyLoadedDocstring):
    """Of an operation."""


class WaiterDocstring(LazyLoadedDocstring):
    """Of a waiter."""


class PaginatorDocstring(LazyLoadedDocstring):
    """Of a paginator."""
