"""The parts of the member template that an account has, compared with the hub's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Documents = Mapping[str, Mapping[str, Any] | None]
    """Policy documents by name, without the account's id; None for a policy that is not there."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The version of the template, "" where the spoke role has none, and boundaries and guards."""

    template: str
    documents: Documents


@dataclass(frozen=True, slots=True)
class Examined:
    """One member account.

    `refused` says why it could not be looked at, `wrong` are its boundaries and guards at fault.
    """

    account: str
    alias: str
    refused: str = ""
    template: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)


def at_fault(here: Documents, there: Documents) -> dict[str, str]:
    """The hub's policies that are missing in the account, or are other ones there."""
    return {
        name: "missing" if there.get(name) is None else "another document"
        for name, document in here.items()
        if there.get(name) != document
    }
