"""The report of a run: findings in the account, the budget, and the changes made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.cleanup.domain.facts import RoleFacts
    from chalicelib.cleanup.domain.keys import KeyFound
    from chalicelib.cleanup.domain.marks import Mark
    from chalicelib.cleanup.domain.terms import Stage
    from chalicelib.cleanup.domain.verdicts import Verdict
    from chalicelib.provisioning.domain.key_marks import KeyMark, KeyStage

ACTS: frozenset[Stage] = frozenset({"warned", "quarantined", "deleted"})
"""Stages that users can notice. They need a second look and count against the budget."""


@dataclass(frozen=True, slots=True)
class Found:
    """A role that is on its way out or comes back, the verdict on it, and how far clean-up had got."""

    role: RoleFacts
    verdict: Verdict
    mark: Mark | None = None

    @property
    def own_mark(self) -> Mark | None:
        """The mark, unless it is of a namesake that is gone."""
        return self.mark if self.mark and self.mark.unique_id == self.role.unique_id else None

    @property
    def stage(self) -> Stage:
        """The stage before this run."""
        return self.own_mark.stage if self.own_mark else "alive"

    @property
    def since(self) -> datetime | None:
        """When it entered that stage."""
        return self.own_mark.since if self.own_mark else None

    @property
    def moves(self) -> bool:
        """True if the verdict puts the role into another stage."""
        return self.verdict.stage != self.stage

    @property
    def acts(self) -> bool:
        """True if the move can be noticed by users."""
        return self.moves and self.verdict.stage in ACTS


@dataclass(frozen=True, slots=True)
class Drift:
    """A role that is not what the provisioner made."""

    role: str
    why: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed, or with `account` a member account that could not be reached; the next run tries again."""

    role: str
    why: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at the account. `complete` is false where AWS stopped answering half-way.

    `gone` are marks of roles that are no longer there, `unseen` the member
    accounts that could not be looked at: nothing is concluded about their roles.
    """

    found: tuple[Found, ...] = ()
    alive: Counter[str] = field(default_factory=Counter)
    others: int = 0
    ours: int = 0
    gone: tuple[Mark, ...] = ()
    drift: tuple[Drift, ...] = ()
    unseen: tuple[Failure, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Budget:
    """How many roles one run may take further than `reported`: the smaller of both, but one at least.

    The same holds for access keys, which are counted on their own.
    """

    roles: int = 20
    percent: int = 10

    def limit(self, ours: int) -> int:
        """The number for an account with so many roles of ours."""
        return min(self.roles, max(1, ours * self.percent // 100))


@dataclass(frozen=True, slots=True)
class Spending:
    """The number of acts that a run wanted, and the number allowed."""

    wanted: int
    limit: int

    @property
    def exceeded(self) -> bool:
        """True if a person has to decide."""
        return self.wanted > self.limit


@dataclass(frozen=True, slots=True)
class KeyReport:
    """The access keys of a run: those in a stage or on their way back, and the changes made.

    `gone` are marks of keys that are no longer there.
    """

    spending: Spending = Spending(0, 0)
    up_to: KeyStage = "reported"
    found: tuple[KeyFound, ...] = ()
    gone: tuple[KeyMark, ...] = ()
    changes: Mapping[str, KeyStage] = field(default_factory=dict)

    @property
    def moving(self) -> tuple[KeyFound, ...]:
        """The keys to take further or back; none further than `reported` where that exceeds the budget."""
        may_act = not self.spending.exceeded
        return tuple(found for found in self.found if found.moves and (may_act or not found.acts))


@dataclass(frozen=True, slots=True)
class UserFinding:
    """A user that a person should look at: reported, never changed."""

    name: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Tidied:
    """Other entries that were removed because their time was over."""

    revocations: int = 0
    requests: int = 0
    grants: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """One run, or a rehearsal of one. `changes` says which roles went (or would go) to which stage."""

    run: str
    at: datetime
    up_to: Stage
    sight: Sight
    spending: Spending
    keys: KeyReport = field(default_factory=KeyReport)
    changes: Mapping[str, Stage] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    users: tuple[UserFinding, ...] = ()
    tidied: Tidied = field(default_factory=Tidied)
    dry_run: bool = False
    complete: bool = True

    @property
    def may_act(self) -> bool:
        """True if the run may act: it is within its budget and it saw every role."""
        return self.sight.complete and not self.spending.exceeded
