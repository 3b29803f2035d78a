"""A change of a role that is under way: kept until it is on record, so that one that was cut off can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.roles import Role


@dataclass(frozen=True, slots=True)
class UnfinishedChange:
    """The role as it was found (an export, or None for a new role), and the catalogue row that the change leads to.

    `began_at` and `by` say when the change began and who asked for it.
    """

    before: Mapping[str, Any] | None
    role: Role
    began_at: str
    by: str

    def recorded_as(self, known: Role | None) -> bool:
        """True if the catalogue has the change: then only this note was left behind."""
        return known is not None and replace(known, quarantined=self.role.quarantined) == self.role
