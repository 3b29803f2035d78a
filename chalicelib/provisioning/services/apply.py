"""Applying role templates: compare, change only what differs, record, roll back what failed half-way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.domain.errors import AuditUnavailable, BrokerError
from chalicelib.core.domain.times import rfc3339
from chalicelib.provisioning.domain.export import export_document, identified, state_warnings
from chalicelib.provisioning.domain.fingerprints import fingerprint
from chalicelib.provisioning.domain.role_state import CREATED, QUARANTINE_POLICY, catalogue_role, changes
from chalicelib.provisioning.domain.templates import UnsafeTemplate
from chalicelib.provisioning.domain.trust import not_switchable_because
from chalicelib.provisioning.domain.unfinished import UnfinishedChange
from chalicelib.provisioning.services.converge import Attempt

if TYPE_CHECKING:
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.services.leases import Leases
    from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleChange, RoleState
    from chalicelib.provisioning.domain.templates import RoleTemplate
    from chalicelib.provisioning.services.compile import TemplateCompiler
    from chalicelib.provisioning.services.converge import RoleConvergence
    from chalicelib.provisioning.services.records import ProvisioningRecords


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The changes that an apply made, or in a dry run would make."""

    role: Role
    changes: tuple[RoleChange, ...]
    not_switchable_because: str | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateApplier:
    """Makes roles be what their templates say. Twice in a row changes nothing."""

    compiler: TemplateCompiler
    convergence: RoleConvergence
    records: ProvisioningRecords
    leases: Leases

    def plan(self, template: RoleTemplate, origin: Origin) -> ApplyResult:
        """The changes that `apply` would make; nothing is changed anywhere."""
        wanted, warnings = self._compiled(template, origin)
        return self._applied(template, wanted, self.convergence.current(template.name), warnings)

    def apply(self, template: RoleTemplate, origin: Origin) -> ApplyResult:
        """Make it so, or leave everything as it was.

        Raises InvalidRequest, UnsafeTemplate, Conflict (not ours, or another
        call is changing it), RefusedByAws, AwsUnavailable, AuditUnavailable.
        """
        wanted, warnings = self._compiled(template, origin)
        with self.leases.hold(f"role/{template.name}") as lease:
            before = self.convergence.current(template.name)
            applied = self._applied(template, wanted, before, warnings)
            if not applied.changes and self.records.log.role(template.name) == applied.role:
                return applied
            self._begin(applied.role, before, origin)
            attempt = Attempt(template.name, before, lease)
            try:
                self._reach_and_record(attempt, wanted, applied, origin)
            finally:
                if attempt.settled:
                    with suppress(BrokerError):  # the next run of undoing finds that there is nothing to undo
                        self.records.log.end_change(template.name)
        return applied

    def _reach_and_record(self, attempt: Attempt, wanted: RoleState, applied: ApplyResult, origin: Origin) -> None:
        reached = self.convergence.reach_or_return(attempt, wanted)
        attempt.lease.extend()
        try:
            self.records.role(
                identified(applied.role, reached.unique_id), "apply_role", applied.changes, origin, "provision"
            )
        except AuditUnavailable:
            self.convergence.roll_back(attempt)
            raise
        attempt.settled = True

    def _begin(self, role: Role, before: ProvisionedRole | None, origin: Origin) -> None:
        """Keep how the role was. After a kill or a failure, services/undo_interrupted.py puts it back."""
        at = self.records.clock()
        found = export_document(before, role.direct_users, at) if before else None
        self.records.log.begin_change(UnfinishedChange(found, role, rfc3339(at), origin.caller.name))

    def _compiled(self, template: RoleTemplate, origin: Origin) -> tuple[RoleState, tuple[str, ...]]:
        try:
            return self.compiler.compile(template)
        except UnsafeTemplate as refusal:
            raise self.records.refused(refusal, "apply_role", template.name, origin) from None

    def _applied(
        self, template: RoleTemplate, wanted: RoleState, actual: ProvisionedRole | None, warnings: tuple[str, ...]
    ) -> ApplyResult:
        arn = self.compiler.deployment.role_arn(template.name)
        role = replace(catalogue_role(arn, template, wanted), fingerprint=fingerprint(wanted))
        role = replace(role, quarantined=actual is not None and QUARANTINE_POLICY in actual.state.inline_policies)
        role = identified(role, actual.unique_id if actual else "")
        seen = state_warnings(actual.state) if actual else ()
        why = not_switchable_because(template.trust)
        return ApplyResult(role, self._changes(template.name, wanted, actual), why, (*warnings, *seen))

    def _changes(self, name: str, wanted: RoleState, actual: ProvisionedRole | None) -> tuple[RoleChange, ...]:
        """A role that a killed call made, and did not record, is shown as new, since no record of it exists."""
        todo = changes(actual.state if actual else None, wanted)
        unrecorded = actual is not None and self.records.log.role(name) is None
        return (CREATED, *todo) if unrecorded else todo
