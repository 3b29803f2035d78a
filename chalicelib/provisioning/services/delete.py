"""Deleting a role: export, record, delete. A failure half-way puts the role back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import BrokerError, Conflict
from chalicelib.core.domain.roles import KEEP_TAG
from chalicelib.core.services.leases import LeaseLost
from chalicelib.provisioning.domain.export import DELETING_TAG, export_document, exported_role, exported_state
from chalicelib.provisioning.domain.role_state import QUARANTINE_POLICY, RoleChange
from chalicelib.provisioning.services.converge import Attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.services.leases import Lease, Leases
    from chalicelib.provisioning.domain.role_state import ProvisionedRole
    from chalicelib.provisioning.services.converge import RoleConvergence
    from chalicelib.provisioning.services.records import ProvisioningRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDeletion:
    """Touches no role that this deployment did not make."""

    convergence: RoleConvergence
    records: ProvisioningRecords
    leases: Leases

    def delete(self, name: str, origin: Origin, *, quarantined: str = "") -> Mapping[str, Any]:
        """Export, record, delete; returns the export. A failure half-way puts the role back.

        `quarantined` is a unique id. With it, only that role is deleted, and
        only out of quarantine (or where a delete was cut off), and not if it
        now carries the keep tag; otherwise Conflict.
        """
        with self.leases.hold(f"role/{name}") as lease:
            role = self.convergence.existing(name)
            if quarantined and not self._still_quarantined(role, quarantined):
                raise Conflict(f"The role {name} is another one, kept, or out of quarantine by now. It is left alone.")
            export = self._export(role)
            self._keep(export, role, origin, lease)
            lease.extend()
            self._delete(role, export, origin, lease)
        return export

    def _still_quarantined(self, role: ProvisionedRole, unique_id: str) -> bool:
        cut_off = self.records.export_of_cut_off_delete(role) is not None
        held = QUARANTINE_POLICY in role.state.inline_policies or cut_off
        kept = KEEP_TAG in map(str.lower, role.state.tags)
        return held and not kept and role.unique_id == unique_id

    def _export(self, role: ProvisionedRole) -> Mapping[str, Any]:
        if kept := self.records.export_of_cut_off_delete(role):
            return kept
        known = self.records.log.role(role.name)
        return export_document(role, known.direct_users if known else (), self.records.clock())

    def _keep(self, export: Mapping[str, Any], role: ProvisionedRole, origin: Origin, lease: Lease) -> None:
        """Tag the role and record the export. Without a new export the tag would make an older one count: undo it."""
        tagged = DELETING_TAG in role.state.tags
        detail = {"action": "delete_role", "before": export, "after": None}
        event = self.records.event("delete", origin, detail, role.name)
        lease.extend()
        self.convergence.roles.change(role.name, RoleChange("tag", DELETING_TAG, None, "true"))
        try:
            self.records.log.forget_role(role.name, export, event)
        except BrokerError:
            if not tagged:
                lease.extend()
                self.convergence.roles.change(role.name, RoleChange("tag", DELETING_TAG, "true", None))
            raise

    def _delete(self, role: ProvisionedRole, export: Mapping[str, Any], origin: Origin, lease: Lease) -> None:
        try:
            self.convergence.roles.delete(role)
        except LeaseLost:
            raise
        except BrokerError:
            lost = self._put_back(role, export, lease)
            self.records.role(exported_role(export), "delete_role_failed", (), origin, "restore", lost=lost)
            raise

    def _put_back(self, role: ProvisionedRole, export: Mapping[str, Any], lease: Lease) -> tuple[str, ...]:
        """Restore the role as it was found; returns what could not come back.

        The tag is removed last: as long as it is there, the export counts.
        """
        found = exported_state(export)
        marked = replace(found, tags={**found.tags, DELETING_TAG: "true"})
        self.convergence.roll_back(Attempt(role.name, replace(role, state=marked), lease))
        lost = self.convergence.rejoin_instance_profiles(export, lease)
        self.convergence.roll_back(Attempt(role.name, replace(role, state=found), lease))
        return lost
