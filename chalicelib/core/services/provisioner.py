"""The provision function, seen from the other functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Provisioner(Protocol):
        """The provision function, seen from the API."""

        def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
            """The result of an order; its error raised again as what it was on the other side."""
            ...
