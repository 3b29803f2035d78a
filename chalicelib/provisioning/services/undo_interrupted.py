"""Undoes role changes that were cut off: the provision function died before the change was on record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import BrokerError, Conflict
from chalicelib.provisioning.domain.export import exported_state
from chalicelib.provisioning.domain.role_state import RoleChange, changes
from chalicelib.provisioning.services.converge import Attempt

if TYPE_CHECKING:
    from chalicelib.core.domain.events import AuditEvent, Origin
    from chalicelib.core.services.leases import Lease, Leases
    from chalicelib.provisioning.domain.role_state import ProvisionedRole
    from chalicelib.provisioning.domain.unfinished import UnfinishedChange
    from chalicelib.provisioning.services.converge import RoleConvergence
    from chalicelib.provisioning.services.records import ProvisioningRecords


@dataclass(frozen=True, slots=True)
class Undone:
    """The result of a run: roles that are as before the change that was cut off, and roles where undoing failed."""

    changed: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedChanges:
    """Looks at every change that is not finished. The lease of a role keeps it off changes that are under way."""

    convergence: RoleConvergence
    records: ProvisioningRecords
    leases: Leases
    origin: Origin

    def undo(self) -> Undone:
        """Undo them all; one role that fails does not spare the others."""
        changed, failed = [], []
        for name in self.records.log.unfinished():
            try:
                if self._undo(name):
                    changed.append(name)
            except BrokerError:
                failed.append(name)
        return Undone(tuple(changed), tuple(failed))

    def _undo(self, name: str) -> bool:
        with self.leases.hold(f"role/{name}") as lease:
            change = self.records.log.unfinished_change(name)
            if change is None:
                return False  # it was finished in the meantime
            undone = self._put_back(change, lease)
            lease.extend()
            self.records.log.end_change(name, self._event(change, undone) if undone else None)
        return bool(undone)

    def _put_back(self, change: UnfinishedChange, lease: Lease) -> tuple[RoleChange, ...]:
        found, known = self._found(change.role.name), self.records.log.role(change.role.name)
        if found is None or change.recorded_as(known):
            return ()
        if change.before is None:
            return () if known else self._removed(found, lease)
        if found.unique_id != change.before["unique_id"]:
            return ()  # the role was deleted since, and another one has its name
        wanted = exported_state(change.before)
        todo = changes(found.state, wanted)
        if todo:
            self.convergence.reach(Attempt(found.name, found, lease), wanted)
        return todo

    def _removed(self, found: ProvisionedRole, lease: Lease) -> tuple[RoleChange, ...]:
        """Delete a role that the change itself made: the catalogue never had it, so it was never handed out."""
        lease.extend()
        self.convergence.roles.delete(found)
        return (RoleChange("role", "", "created", None),)

    def _found(self, name: str) -> ProvisionedRole | None:
        try:
            return self.convergence.current(name)
        except Conflict:
            return None  # not this deployment's to change

    def _event(self, change: UnfinishedChange, undone: tuple[RoleChange, ...]) -> AuditEvent:
        detail = {
            "action": "undo_interrupted_change",
            "changes": [asdict(one) for one in undone],
            "began_at": change.began_at,
            "by": change.by,
        }
        return self.records.event("provision", self.origin, detail, change.role.name)
