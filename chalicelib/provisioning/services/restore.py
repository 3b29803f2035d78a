"""Restoring a role: out of quarantine, or from the export that its deletion kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import AuditUnavailable, Conflict, NotFound
from chalicelib.provisioning.domain.export import cannot_come_back, exported_role, identified, usable_state
from chalicelib.provisioning.domain.role_state import QUARANTINE_POLICY, RoleChange, changes, quarantine_change
from chalicelib.provisioning.services.converge import Attempt

if TYPE_CHECKING:
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.services.leases import Lease
    from chalicelib.provisioning.domain.role_state import ProvisionedRole
    from chalicelib.provisioning.services.quarantine import RoleQuarantine


@dataclass(frozen=True, slots=True)
class Restored:
    """A role that is back, and what is not."""

    role: Role
    changes: tuple[RoleChange, ...]
    cannot_come_back: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRestoration:
    """Touches no role that this deployment did not make."""

    quarantine: RoleQuarantine

    def restore(self, name: str, origin: Origin) -> Restored:
        """Bring a role back to use. Conflict if another role has taken the name since the export."""
        with self.quarantine.leases.hold(f"role/{name}") as lease:
            found = self.quarantine.convergence.current(name)
            if found and not self._deletion_was_cut_off(found) and self.quarantine.holds(found):
                return self._released(found, origin, lease)
            return self._from_export(name, found, origin, lease)

    def _deletion_was_cut_off(self, found: ProvisionedRole) -> bool:
        return self.quarantine.records.export_of_cut_off_delete(found) is not None

    def _released(self, found: ProvisionedRole, origin: Origin, lease: Lease) -> Restored:
        role, change = self.quarantine.record_and_change("restore_role", found, None, origin, lease)
        return Restored(role, (change,), ())

    def _from_export(self, name: str, found: ProvisionedRole | None, origin: Origin, lease: Lease) -> Restored:
        records, convergence = self.quarantine.records, self.quarantine.convergence
        export = records.log.export(name)
        if export is None:
            raise NotFound(f"There is no export of a deleted role {name}.")
        wanted, role = usable_state(export), replace(exported_role(export), quarantined=False)
        todo = changes(found.state if found else None, wanted)
        known = records.log.role(name)
        if known is not None and todo:
            raise Conflict(f"There is a role {name} again. Delete it first, or apply its template.")
        attempt = Attempt(name, found, lease)
        restored = convergence.reach_or_return(attempt, wanted)
        held = (quarantine_change(restored, None),) if QUARANTINE_POLICY in restored.state.inline_policies else ()
        lost = cannot_come_back(export, restored) + convergence.rejoin_instance_profiles(export, lease)
        role = identified(role, restored.unique_id)
        if known != role:
            self._record(role, (*todo, *held), attempt, origin)
        for change in held:
            lease.extend()
            convergence.roles.change(name, change)
        return Restored(role, (*todo, *held), lost)

    def _record(self, role: Role, done: tuple[RoleChange, ...], attempt: Attempt, origin: Origin) -> None:
        attempt.lease.extend()
        try:
            self.quarantine.records.role(role, "restore_role", done, origin, "restore")
        except AuditUnavailable:
            self.quarantine.convergence.roll_back(attempt)
            raise
