"""Taking roles away, reversibly: quarantine and release, delete with a full export, restore."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import AuditUnavailable, BrokerError, Conflict, NotFound, RefusedByAws
from chalicelib.core.domain.roles import KEEP_TAG
from chalicelib.core.services.leases import LeaseLost
from chalicelib.provisioning.domain.export import (
    DELETING_TAG,
    cannot_come_back,
    export_document,
    exported_role,
    exported_state,
    role_as_found,
    usable_state,
)
from chalicelib.provisioning.domain.role_state import DENY_ALL, QUARANTINE_POLICY, Change, changes
from chalicelib.provisioning.services.converge import Attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.services.leases import Lease, Leases
    from chalicelib.provisioning.domain.role_state import ProvisionedRole
    from chalicelib.provisioning.services.converge import Convergence
    from chalicelib.provisioning.services.records import Records


@dataclass(frozen=True, slots=True)
class Restored:
    """A role that is back, and what is not."""

    role: Role
    changes: tuple[Change, ...]
    cannot_come_back: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Touches no role that this deployment did not make."""

    convergence: Convergence
    records: Records
    leases: Leases

    def quarantine(self, name: str, origin: Origin) -> Role:
        """Deny the role everything, sessions under way included. Twice changes nothing."""
        return self._set_quarantine(name, origin, "quarantine_role", DENY_ALL)

    def release(self, name: str, origin: Origin) -> Role:
        """Lift the quarantine."""
        return self._set_quarantine(name, origin, "release_role", None)

    def delete(self, name: str, origin: Origin, *, quarantined: str = "") -> Mapping[str, Any]:
        """Export, record, delete; answers the export. What fails half-way is put back.

        `quarantined` is a unique id: then only that role is deleted, and only
        out of quarantine (or where a delete was cut off), and not if it is
        tagged to be kept by now; otherwise Conflict.
        """
        with self.leases.hold(f"role/{name}") as lease:
            role = self._present(name)
            if quarantined and not self._still_quarantined(role, quarantined):
                raise Conflict(f"The role {name} is another one, kept, or out of quarantine by now. It is left alone.")
            export = self._export(role)
            self._keep(export, role, origin, lease)
            lease.extend()
            self._delete(role, export, origin, lease)
        return export

    def restore(self, name: str, origin: Origin) -> Restored:
        """Bring a role back to use: out of quarantine, or from its latest export.

        In quarantine is what IAM or the catalogue shows so: they differ where
        the row was not written, or the policy was taken off by hand.
        Conflict if another role has taken the name since the export.
        """
        with self.leases.hold(f"role/{name}") as lease:
            before = self.convergence.current(name)
            if before is None or self._kept_of_cut_off(before):
                return self._from_export(name, before, origin, lease)
            if QUARANTINE_POLICY in before.state.inline_policies or self._catalogued(before).quarantined:
                return self._released(before, origin, lease)
            return self._from_export(name, before, origin, lease)

    def _released(self, found: ProvisionedRole, origin: Origin, lease: Lease) -> Restored:
        role, change = self._record_and_change("restore_role", found, None, origin, lease)
        return Restored(role, (change,), ())

    def _from_export(self, name: str, before: ProvisionedRole | None, origin: Origin, lease: Lease) -> Restored:
        export = self.records.log.export(name)
        if export is None:
            raise NotFound(f"There is no export of a deleted role {name}.")
        wanted, role = usable_state(export), replace(exported_role(export), quarantined=False)
        todo = changes(before.state if before else None, wanted)
        known = self.records.log.role(name)
        if known is not None and todo:
            raise Conflict(f"There is a role {name} again. Delete it first, or apply its template.")
        attempt = Attempt(name, before, lease)
        restored = self.convergence.reach_or_return(attempt, wanted)
        held = (_quarantine(restored, None),) if QUARANTINE_POLICY in restored.state.inline_policies else ()
        lost = cannot_come_back(export, restored) + self._not_rejoined(export, lease)
        if known != role:
            self._record_restored(role, (*todo, *held), attempt, origin)
        for change in held:
            lease.extend()
            self.convergence.roles.change(name, change)
        return Restored(role, (*todo, *held), lost)

    def _record_restored(self, role: Role, done: tuple[Change, ...], attempt: Attempt, origin: Origin) -> None:
        attempt.lease.extend()
        try:
            self.records.role(role, "restore_role", done, origin, "restore")
        except AuditUnavailable:
            self.convergence.roll_back(attempt)
            raise

    def _not_rejoined(self, export: Mapping[str, Any], lease: Lease) -> tuple[str, ...]:
        """Put the role back into its instance profiles; a profile that is gone does not keep the role away."""
        lost = []
        for profile in export["instance_profiles"]:
            lease.extend()
            try:
                self.convergence.roles.join_instance_profile(export["name"], profile)
            except RefusedByAws as refusal:
                lost.append(f"The role is not in the instance profile {profile} again ({refusal.aws_code}).")
        return tuple(lost)

    def _set_quarantine(self, name: str, origin: Origin, action: str, document: Mapping[str, Any] | None) -> Role:
        with self.leases.hold(f"role/{name}") as lease:
            found = self._present(name)
            known, wanted = self._catalogued(found), document is not None
            if known.quarantined == wanted and (QUARANTINE_POLICY in found.state.inline_policies) == wanted:
                return known
            return self._record_and_change(action, found, document, origin, lease)[0]

    def _record_and_change(
        self, action: str, found: ProvisionedRole, document: Mapping[str, Any] | None, origin: Origin, lease: Lease
    ) -> tuple[Role, Change]:
        """The row first: where a call is cut off between the two, the record claims too much, never too little.

        To take an unrecorded change back, the table would be needed: it is what failed.
        """
        known, kind = self.records.log.role(found.name), "provision" if document else "restore"
        role, change = replace(self._catalogued(found), quarantined=document is not None), _quarantine(found, document)
        lease.extend()
        self.records.role(role, action, (change,), origin, kind)
        # Not extended again: a lease lost here would leave a role as it was that is on record as changed.
        try:
            self.convergence.roles.change(found.name, change)
        except BrokerError:
            self.convergence.roles.change(found.name, replace(change, before=change.after, after=change.before))
            # What was in no catalogue must not come into it as a role to hand out.
            self.records.role(known or replace(role, quarantined=True), f"{action}_failed", (), origin, kind)
            raise
        return role, change

    def _keep(self, export: Mapping[str, Any], role: ProvisionedRole, origin: Origin, lease: Lease) -> None:
        """Tag the role and record the export. A tag without its export would make an older one count: it goes again."""
        tagged = DELETING_TAG in role.state.tags
        detail = {"action": "delete_role", "before": export, "after": None}
        event = self.records.event("delete", origin, detail, role.name)
        lease.extend()
        self.convergence.roles.change(role.name, Change("tag", DELETING_TAG, None, "true"))
        try:
            self.records.log.forget_role(role.name, export, event)
        except BrokerError:
            if not tagged:
                lease.extend()
                self.convergence.roles.change(role.name, Change("tag", DELETING_TAG, "true", None))
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
        """As it was found; answers what is not. The tag goes last: until then the export counts."""
        found = exported_state(export)
        marked = replace(found, tags={**found.tags, DELETING_TAG: "true"})
        self.convergence.roll_back(Attempt(role.name, replace(role, state=marked), lease))
        lost = self._not_rejoined(export, lease)
        self.convergence.roll_back(Attempt(role.name, replace(role, state=found), lease))
        return lost

    def _still_quarantined(self, role: ProvisionedRole, unique_id: str) -> bool:
        held = QUARANTINE_POLICY in role.state.inline_policies or self._kept_of_cut_off(role) is not None
        kept = KEEP_TAG in map(str.lower, role.state.tags)
        return held and not kept and role.unique_id == unique_id

    def _export(self, role: ProvisionedRole) -> Mapping[str, Any]:
        if kept := self._kept_of_cut_off(role):
            return kept
        known = self.records.log.role(role.name)
        return export_document(role, known.direct_users if known else (), self.records.clock())

    def _kept_of_cut_off(self, role: ProvisionedRole) -> Mapping[str, Any] | None:
        """A delete that was killed half-way left less of the role than its export says: that one counts."""
        kept = self.records.log.export(role.name) if DELETING_TAG in role.state.tags else None
        return kept if kept is not None and kept["unique_id"] == role.unique_id else None

    def _present(self, name: str) -> ProvisionedRole:
        role = self.convergence.current(name)
        if role is None:
            raise NotFound(f"There is no role {name} that the broker made.")
        return role

    def _catalogued(self, found: ProvisionedRole) -> Role:
        known = self.records.log.role(found.name)
        return known or role_as_found(found.name, found.arn, found.state, ())


def _quarantine(found: ProvisionedRole, document: Mapping[str, Any] | None) -> Change:
    return Change("inline_policy", QUARANTINE_POLICY, found.state.inline_policies.get(QUARANTINE_POLICY), document)
