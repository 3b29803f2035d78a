"""Bringing a role in IAM to a wanted state, and back, though IAM shows changes late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import AwsUnavailable, BrokerError, Conflict, NotFound, RefusedByAws
from chalicelib.core.domain.roles import ROLE_PATH
from chalicelib.core.services.leases import LeaseLost
from chalicelib.provisioning.domain.role_state import changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from chalicelib.core.domain.times import Pause
    from chalicelib.core.services.leases import Lease
    from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleChange, RoleState

    class RoleAdmin(Protocol):
        """IAM's roles. Every write may be repeated: what is done already stays done."""

        def read(self, name: str) -> ProvisionedRole | None:
            """The role of that name in any letter case, wherever its path, or None."""
            ...

        def create(self, name: str, state: RoleState) -> str:
            """CreateRole under our path, with trust, boundary and tags in the same call.

            Answers the new role's unique id, or "" if the name is taken.
            """
            ...

        def change(self, name: str, change: RoleChange) -> None:
            """Make one change; RefusedByAws or AwsUnavailable with AWS's code."""
            ...

        def join_instance_profile(self, name: str, profile: str) -> None:
            """AddRoleToInstanceProfile; fine if it is in there already, RefusedByAws if another role is."""
            ...

        def delete(self, role: ProvisionedRole) -> None:
            """Take everything off the role, what only denies last, then DeleteRole."""
            ...


LOOKS = (0.0, 0.1, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look at whether IAM shows what was asked: eventually consistent, 8 seconds in all."""


@dataclass(slots=True)
class Attempt:
    """One change of one role under its lease: how it was found, and the unique id of what the change itself created.

    `refused` says that IAM would not create the role, because it holds the name;
    `settled` that the change is on record, or that the role is as it was found.
    """

    name: str
    before: ProvisionedRole | None
    lease: Lease
    created: str = ""
    refused: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConvergence:
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

    def existing(self, name: str) -> ProvisionedRole:
        """The role; NotFound if there is none, Conflict if it is not this deployment's to change."""
        role = self.current(name)
        if role is None:
            raise NotFound(f"There is no role {name} that the broker made.")
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
        if attempt.refused and actual is None:
            raise Conflict(f"IAM holds the name {attempt.name} already, perhaps in another letter case.")
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
        attempt.settled = True

    def rejoin_instance_profiles(self, export: Mapping[str, Any], lease: Lease) -> tuple[str, ...]:
        """Put an exported role back into its instance profiles; returns a sentence for each that does not take it."""
        lost = []
        for profile in export["instance_profiles"]:
            lease.extend()
            try:
                self.roles.join_instance_profile(export["name"], profile)
            except RefusedByAws as refusal:
                lost.append(f"The role is not in the instance profile {profile} again ({refusal.aws_code}).")
        return tuple(lost)

    def _make(self, attempt: Attempt, todo: tuple[RoleChange, ...], wanted: RoleState) -> None:
        for change in todo:
            attempt.lease.extend()
            if change.attribute != "role":
                self.roles.change(attempt.name, change)
            elif created := self.roles.create(attempt.name, wanted):
                attempt.created = created
            else:
                attempt.refused = True
                return  # the name is taken, or the look was stale: the next look tells

    def _remove(self, attempt: Attempt) -> None:
        """Delete what the attempt itself created, and nothing else of that name."""
        for seconds in LOOKS:
            self.pause(seconds)
            found = self.roles.read(attempt.name)
            if found is not None and found.unique_id == attempt.created:
                attempt.lease.extend()
                self.roles.delete(found)
                return
