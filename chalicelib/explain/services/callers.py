"""Explains the caller before any role is looked at: suspended or not, and counted as whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.explain.domain.caller_layers import counted_as, suspension

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any, Protocol

    from chalicelib.access.domain.facts import Suspension
    from chalicelib.core.domain.callers import Caller
    from chalicelib.explain.domain.layers import Layer

    class StandingSuspensions(Protocol):
        """Suspensions that stand."""

        def every(self) -> list[Suspension]:
            """All of them."""
            ...

    class Trusts(Protocol):
        """Trust policies of the account's roles."""

        def trust(self, role: str) -> Mapping[str, Any] | None:
            """The trust policy of the role of this name, or None where it cannot be read."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerExplainer:
    """Reads only. `pinned` are the roles of policies/people.json."""

    suspensions: StandingSuspensions
    trusts: Trusts
    pinned: Collection[str]

    def layers(self, caller: Caller) -> tuple[Layer, ...]:
        """The layers that come before those of the role."""
        role = caller.name.partition("/")[0]
        trust = self.trusts.trust(role) if caller.kind == "role" and role in self.pinned else None
        return suspension(caller, self.suspensions.every()), counted_as(caller, self.pinned, trust)
