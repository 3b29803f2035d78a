"""The callers who could approve a request: told to the one who waits, so that nothing waits for no one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.access.domain.facts import described
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.approvals import principal_id
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import BrokerError, Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Protocol

    from chalicelib.access.domain.facts import Facts
    from chalicelib.access.domain.policies import Policy
    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.times import Clock

    class KnownCallers(Protocol):
        """The directory, as a whole."""

        def every(self) -> Iterable[Facts]:
            """Users and roles of the account, read as far as they are looked at."""
            ...


LOOKED_AT = 5000
"""Callers looked at for one request, about 0.3 s; where there are more, it stays open whether enough could approve."""

EVERY_GROUP = None


@dataclass(frozen=True, slots=True)
class Eligible:
    """`groups` whose members could approve, and whether `enough` others could; None: not known."""

    groups: tuple[str, ...]
    enough: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibleApprovers:
    """Judges by the rules as they are now, and by the directory, which is a minute old."""

    rules: AccessRules
    catalogue: Catalogue
    callers: KnownCallers
    clock: Clock
    pinned_roles: Collection[str] = ()

    def of(self, request: Request) -> Eligible:
        """The callers who could approve the request."""
        role = self.catalogue.get(request.role)
        if role is None:
            return Eligible((), enough=None)
        named = self._groups(role)
        groups = tuple(sorted(group for group in named if group and self._may(_member(group, role), role)))
        try:
            return Eligible(groups, self._enough(request, role, named))
        except BrokerError:
            return Eligible(groups, enough=None)

    def _groups(self, role: Role) -> set[str | None]:
        """The groups to which the rules about approving are limited; EVERY_GROUP for a rule without a group."""
        return {policy.group for policy in self._about(role)}

    def _about(self, role: Role) -> list[Policy]:
        permits = [policy for policy in self.rules.candidates(role.name) if policy.effect == "permit"]
        return [policy for policy in permits if policy.actions is None or "Approve" in policy.actions]

    def _enough(self, request: Request, role: Role, named: Collection[str | None]) -> bool | None:
        asked = {principal_id(one) for one in (request.caller_id, request.asked_by_id) if one}
        found: set[str] = set()
        looked_at = 0
        for looked_at, caller in enumerate(islice(self._callers(role), LOOKED_AT), 1):  # noqa: B007  the last is read
            if EVERY_GROUP not in named and set(caller.groups).isdisjoint(named):
                continue
            if principal_id(caller.unique_id) in asked or not self._may(caller, role):
                continue
            found.add(principal_id(caller.unique_id))
            if len(found) >= request.approvals or "/" in caller.unique_id:
                return True  # a person behind a role: how many there are is not known here
        whole = 0 < looked_at < LOOKED_AT and not any(one.for_members for one in self._about(role))
        return False if whole else None

    def _callers(self, role: Role) -> Iterator[Caller]:
        for facts in self.callers.every():
            name = facts.name if facts.kind == "user" else f"{facts.name}/session"
            try:
                found = Caller(facts.kind, name, facts.arn, role.account, facts.unique_id)
                caller = described(found, facts, self.pinned_roles)
            except Refused:
                continue
            if not caller.brokered:
                yield caller

    def _may(self, caller: Caller, role: Role) -> bool:
        ask = Ask("Approve", caller, role, self.clock(), reason_given=True)
        return any(not door.terms.approvals for door in self.rules.evaluate(ask).doors)


def _member(group: str, role: Role) -> Caller:
    """A member of the group and of nothing else."""
    return Caller("user", "a member", "", role.account, f"a member of {group}", (group,))
