"""The access keys of the deployment's users, which the provision function alone may list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib.cleanup.domain.keys import UserKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.core.aws.functions import OrderedFunction

AT_ONCE = 20
"""Users of one order: some eight calls to IAM for each, and the provision function ends after 300 seconds."""


class OrderedKeys:
    """The port KeyInventory."""

    def __init__(self, provisioner: OrderedFunction) -> None:
        self._provisioner = provisioner

    def of(self, names: Sequence[str]) -> Iterator[UserKey]:
        """The keys of these users as IAM has them now."""
        for start in range(0, len(names), AT_ONCE):
            order = {"action": "look_at_keys", "names": names[start : start + AT_ONCE]}
            yield from msgspec.convert(self._provisioner.order(order)["keys"], list[UserKey])
