"""Quarantine: a role is denied everything and stays, until it is released, restored or deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import BrokerError
from chalicelib.provisioning.domain.role_state import DENY_ALL, QUARANTINE_POLICY, quarantine_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.services.leases import Lease, Leases
    from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleChange
    from chalicelib.provisioning.services.converge import RoleConvergence
    from chalicelib.provisioning.services.records import ProvisioningRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleQuarantine:
    """Touches no role that this deployment did not make."""

    convergence: RoleConvergence
    records: ProvisioningRecords
    leases: Leases

    def quarantine(self, name: str, origin: Origin) -> Role:
        """Deny the role everything, sessions under way included. Twice changes nothing."""
        return self._set(name, origin, "quarantine_role", DENY_ALL)

    def release(self, name: str, origin: Origin) -> Role:
        """Lift the quarantine. Twice changes nothing."""
        return self._set(name, origin, "release_role", None)

    def holds(self, found: ProvisionedRole) -> bool:
        """True if IAM or the catalogue shows the role in quarantine.

        They differ where the row was not written, or the policy was taken off by hand.
        """
        return QUARANTINE_POLICY in found.state.inline_policies or self.records.catalogued(found).quarantined

    def _set(self, name: str, origin: Origin, action: str, document: Mapping[str, Any] | None) -> Role:
        with self.leases.hold(f"role/{name}") as lease:
            found = self.convergence.existing(name)
            known, wanted = self.records.catalogued(found), document is not None
            if known.quarantined == wanted and (QUARANTINE_POLICY in found.state.inline_policies) == wanted:
                return known
            return self.record_and_change(action, found, document, origin, lease)[0]

    def record_and_change(
        self, action: str, found: ProvisionedRole, document: Mapping[str, Any] | None, origin: Origin, lease: Lease
    ) -> tuple[Role, RoleChange]:
        """Write the row, then change the policy: a crash in between may report too much, never too little.

        A row cannot be taken back where writing to the table is what failed.
        """
        known, kind = self.records.log.role(found.name), "provision" if document else "restore"
        role = replace(self.records.catalogued(found), quarantined=document is not None)
        change = quarantine_change(found, document)
        lease.extend()
        self.records.role(role, action, (change,), origin, kind)
        # Not extended again: a lease lost here would leave an unchanged role that is on record as changed.
        try:
            self.convergence.roles.change(found.name, change)
        except BrokerError:
            self.convergence.roles.change(found.name, replace(change, before=change.after, after=change.before))
            # A role that was in no catalogue must not enter it as one to hand out.
            self.records.role(known or replace(role, quarantined=True), f"{action}_failed", (), origin, kind)
            raise
        return role, change
