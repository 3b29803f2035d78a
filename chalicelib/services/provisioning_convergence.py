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


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """Every write is preceded by extending the lease, so that two provisioners never take turns."""

    roles: RoleAdmin
    deployment: str
    pause: Pause

    def current(self, name: str) -> ProvisionedRole | None:
        """The role if there is one; Conflict if it is not this deployment's to change."""
        role = self.roles.read(name)
        if role is not None and not (role.path == ROLE_PATH and role.is_of(self.deployment)):
            raise Conflict(f"A role {name} exists that this deployment did not make. It is left alone.")
        return role

    def reach(self, name: str, wanted: RoleState, lease: Lease) -> ProvisionedRole:
        """Change until IAM shows `wanted`. A look may be stale, and every change may be repeated."""
        for seconds in LOOKS:
            self.pause(seconds)
            actual = self.roles.read(name)
            todo = changes(actual.state if actual else None, wanted)
            if actual is not None and not todo:
                return actual
            for change in todo:
                lease.extend()
                self._make(name, change, wanted)
        raise AwsUnavailable("IAM took the changes but does not show them yet. Repeat in a minute.")

    def reach_or_return(
        self, before: ProvisionedRole | None, name: str, wanted: RoleState, lease: Lease
    ) -> ProvisionedRole:
        """`reach`, or leave the role as it was found: `before`, or not there."""
        try:
            return self.reach(name, wanted, lease)
        except LeaseLost:
            raise
        except BrokerError:
            self.roll_back(before, name, lease)
            raise

    def roll_back(self, before: ProvisionedRole | None, name: str, lease: Lease) -> None:
        """Back to `before`. What cannot be undone shows as a difference in the next plan."""
        if before is not None:
            self.reach(name, before.state, lease)
        elif (half_made := self.roles.read(name)) is not None:
            lease.extend()
            self.roles.delete(half_made)

    def _make(self, name: str, change: Change, wanted: RoleState) -> None:
        if change.attribute == "role":
            self.roles.create(name, wanted)
        else:
            self.roles.change(name, change)
