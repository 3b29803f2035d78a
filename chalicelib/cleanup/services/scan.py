"""Looking: every role of all accounts judged in one pass, and one role judged again right before an act."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.facts import NO_SIGNS
from chalicelib.cleanup.domain.report import Drift, Failure, Found, Sight
from chalicelib.cleanup.domain.staleness import Case, is_ours
from chalicelib.cleanup.domain.verdicts import judge
from chalicelib.core.domain.errors import AwsUnavailable
from chalicelib.core.domain.roles import split_role_name
from chalicelib.provisioning.domain.fingerprints import drift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Protocol

    from chalicelib.cleanup.domain.facts import MemberLook, RoleFacts, Signs
    from chalicelib.cleanup.domain.marks import Mark
    from chalicelib.cleanup.domain.staleness import Ours
    from chalicelib.cleanup.services.records import Marks

    class RoleInventory(Protocol):
        """Roles in IAM."""

        def every(self) -> Iterator[RoleFacts]:
            """All roles of the broker's own account; AwsUnavailable in the middle if AWS stops answering."""
            ...

        def of_members(self, names: Iterable[str]) -> Iterator[MemberLook]:
            """These roles of member accounts, account by account."""
            ...

        def look(self, name: str) -> RoleFacts | None:
            """One role as it is at this moment, or None."""
            ...

    class RoleSigns(Protocol):
        """The broker's own rows about a role."""

        def of(self, role: str, now: datetime) -> Signs:
            """Signs of use in sessions, grants, requests and changes at this moment."""
            ...

    class AppliedFingerprints(Protocol):
        """The catalogue, for comparison."""

        def fingerprints(self) -> Mapping[str, Mapping[str, str]]:
            """Fingerprints of all roles as the provisioner made them, by name; empty if unknown."""
            ...


@dataclass(slots=True)
class Tally:
    """The findings of one pass so far. Full facts are kept only for roles on their way out."""

    marks: Mapping[str, Mark]
    applied: Mapping[str, Mapping[str, str]]
    found: list[Found] = field(default_factory=list)
    alive: Counter[str] = field(default_factory=Counter)
    drift: list[Drift] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    unseen: dict[str, Failure] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    others: int = 0

    @property
    def of_members(self) -> set[str]:
        """The roles of member accounts that are in the catalogue, or on their way out."""
        staged = {mark.role for mark in self.marks.values() if mark.staged}
        return {name for name in {*self.applied, *staged} if split_role_name(name)[0]}

    def miss(self, look: MemberLook) -> None:
        """An account whose roles could not be looked at."""
        if look.left:
            self.left.add(look.account)
        elif look.why:
            self.unseen[look.account] = Failure("", look.why, look.account)

    def note(self, found: Found, *, ours: bool) -> None:
        """One role. One that is no longer ours, but was on its way out, comes back."""
        if not ours and not found.moves:
            self.others += 1
            return
        self.names.add(found.role.name)
        if found.moves or found.verdict.stage != "alive":
            self.found.append(found)
        else:
            self.alive[found.verdict.code] += 1
        if ours:
            self._compare(found.role)

    def _compare(self, role: RoleFacts) -> None:
        if role.name not in self.applied:
            self.drift.append(Drift(role.name, "not in the catalogue, so it cannot be requested"))
        elif why := drift(self.applied[role.name], role.fingerprint):
            self.drift.append(Drift(role.name, why))

    def sight(self, *, complete: bool) -> Sight:
        """The findings. Missing roles count only if the pass is complete and saw their account."""
        unseen = tuple(self.unseen.values())
        sight = Sight(
            tuple(self.found), self.alive, self.others, len(self.names), drift=tuple(self.drift), unseen=unseen
        )
        if not complete:
            return replace(sight, complete=False)
        missing = [
            Drift(name, "in the catalogue, but no role of ours in IAM")
            for name in sorted(set(self.applied) - self.names)
            if self._looked_at(name)
        ]
        marks = (mark for mark in self.marks.values() if mark.staged and mark.role not in self.names)
        gone = tuple(mark for mark in marks if self._looked_at(mark.role))
        return replace(sight, gone=gone, drift=(*sight.drift, *missing))

    def _looked_at(self, name: str) -> bool:
        account, _ = split_role_name(name)
        return account not in self.unseen and account not in self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountScan:
    """Reads only. `roles` is asked in bulk; the table is asked about suspects alone."""

    roles: RoleInventory
    signs: RoleSigns
    marks: Marks
    applied: AppliedFingerprints
    ours: Ours

    def look(self, now: datetime) -> Sight:
        """All accounts. What AWS did not answer is left for the next run."""
        tally = Tally({mark.role: mark for mark in self.marks.every()}, self.applied.fingerprints())
        try:
            self._note(self.roles.every(), tally, now)
            for look in self.roles.of_members(tally.of_members):
                tally.miss(look)
                self._note(look.roles, tally, now)
        except AwsUnavailable:
            return tally.sight(complete=False)
        return tally.sight(complete=True)

    def _note(self, roles: Iterable[RoleFacts], tally: Tally, now: datetime) -> None:
        for role in roles:
            ours = is_ours(Case(role, self.ours, now))
            tally.note(self._suspected(role, tally.marks.get(role.name), now), ours=ours)

    def again(self, name: str, now: datetime) -> Found | None:
        """One role as IAM and the table show it at this moment; None if it is gone."""
        role = self.roles.look(name)
        return self._judged(role, self.marks.get(name), self.signs.of(name, now), now) if role else None

    def _suspected(self, role: RoleFacts, mark: Mark | None, now: datetime) -> Found:
        """The verdict. A role that IAM shows in use needs no read of the table."""
        found = self._judged(role, mark, NO_SIGNS, now)
        if found.verdict.stage == "alive":
            return found
        return self._judged(role, mark, self.signs.of(role.name, now), now)

    def _judged(self, role: RoleFacts, mark: Mark | None, signs: Signs, now: datetime) -> Found:
        return Found(role, judge(Case(role, self.ours, now, signs, mark)), mark)
