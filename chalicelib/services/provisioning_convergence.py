"""Bringing a role in IAM to a wanted state, and back, though IAM shows changes late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import AwsUnavailable, BrokerError, Conflict
from chalicelib.domain.provisioning import changes
from chalicelib.domain.roles import ROLE_PATH
from chalicelib.services.provisioning_leases import LeaseLost

if TYPE_CHECKING:
    from chalicelib.domain.provisioning import Change, ProvisionedRole, RoleState
    from chalicelib.domain.provisioning_ports import Pause, RoleAdmin
    from chalicelib.services.provisioning_leases import Lease

LOOKS = (0.0, 0.1, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look at whether IAM shows what was asked: eventually consistent, 8 seconds in all."""


@dataclass(slots=True)
class Attempt:
    """One change of one role under its lease: how it was found, and the unique id of what the change itself created."""

    name: str
    before: ProvisionedRole | None
    lease: Lease
    created: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """Every write is preceded by extending the lease, so that two provisioners never take turns."""

    roles: RoleAdmin
    deployment: str
    pause: Pause

    def current(self, name: str) -> ProvisionedRole | None:
        """The role if there is one; Conflict if it is not this deployment's to change."""
        role = self.roles.read(name)
        if role is None:
            return None
        if role.name != name:
            raise Conflict(f"There is a role {role.name}, and IAM takes no two names that differ in letter case only.")
        if not (role.path == ROLE_PATH and role.is_of(self.deployment)):
            raise Conflict(f"A role {name} exists that this deployment did not make. It is left alone.")
        return role

    def reach(self, attempt: Attempt, wanted: RoleState) -> ProvisionedRole:
        """Change until IAM shows `wanted`; Conflict as soon as it shows a role that is not ours.

        A look may be stale, and every change may be repeated.
        """
        for seconds in LOOKS:
            self.pause(seconds)
            actual = self.current(attempt.name)
            todo = changes(actual.state if actual else None, wanted)
            if actual is not None and not todo:
                return actual
            self._make(attempt, todo, wanted)
        raise AwsUnavailable("IAM took the changes but does not show them yet. Repeat in a minute.")

    def reach_or_return(self, attempt: Attempt, wanted: RoleState) -> ProvisionedRole:
        """`reach`, or leave the role as it was found: as it was before, or not there."""
        try:
            return self.reach(attempt, wanted)
        except LeaseLost:
            raise
        except BrokerError:
            self.roll_back(attempt)
            raise

    def roll_back(self, attempt: Attempt) -> None:
        """Back to what was before. What cannot be undone shows as a difference in the next plan."""
        if attempt.before is not None:
            self.reach(attempt, attempt.before.state)
        elif attempt.created:
            self._remove(attempt)

    def _make(self, attempt: Attempt, todo: tuple[Change, ...], wanted: RoleState) -> None:
        for change in todo:
            attempt.lease.extend()
            if change.attribute != "role":
                self.roles.change(attempt.name, change)
            elif created := self.roles.create(attempt.name, wanted):
                attempt.created = created
            else:
                return  # somebody has the name, or the look was stale: the next one tells

    def _remove(self, attempt: Attempt) -> None:
        """Delete what the attempt itself created, and nothing else of that name."""
        for seconds in LOOKS:
            self.pause(seconds)
            found = self.roles.read(attempt.name)
            if found is not None and found.unique_id == attempt.created:
                attempt.lease.extend()
                self.roles.delete(found)
                return
