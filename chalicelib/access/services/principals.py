"""IAM, read only: what it says of a caller at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from chalicelib.access.domain.facts import Facts
    from chalicelib.core.domain.callers import Caller

    class Principals(Protocol):
        """IAM, asked about one caller."""

        def facts(self, caller: Caller) -> Facts:
            """The user or role behind the caller; Refused if IAM has none of that name."""
            ...

    class People(Protocol):
        """IAM users by name."""

        def user(self, name: str) -> Caller | None:
            """The IAM user of that name with groups and tags, or None."""
            ...
