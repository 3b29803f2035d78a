"""The role that a list is about, as it is named in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.access.wiring import members

if TYPE_CHECKING:
    from chalicelib.core.handlers.queries import Query


def role_in(query: Query) -> str:
    """The query's `role` by its one name, or "": an account's alias becomes its id, as `dev:ec2-full` in the rows.

    A name that no account goes by stays as it is: no row has it.
    """
    name = query.name("role")
    return (members().canonical(name) or name) if ":" in name else name
