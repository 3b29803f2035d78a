"""Trailing: every assumption of a brokered role is the broker's own (on record or not), direct use, or a bypass."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.audit.domain.bypass_detection import judge
from chalicelib.core.domain import ids
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.events import AuditEvent, Origin

if TYPE_CHECKING:
    from typing import Protocol

    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.audit.domain.bypass_detection import Assumption, Verdict
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.services.journal import Journal
    from chalicelib.sessions.services.browse import Sessions

    class RoleOwners(Protocol):
        """Which deployment made a role of this account: two may share one."""

        def deployment_of(self, role: str) -> str:
            """Its name; empty for a role that is gone, or that no broker made."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassDetector:
    """Writes the journal and nothing else: the audit function brings it into the log."""

    deployment: str
    broker_role_arn: str
    owners: RoleOwners
    catalogue: Catalogue
    sessions: Sessions
    journal: Journal

    def watch(self, seen: Assumption) -> Verdict:
        """Judge one assumption; EventBridge may deliver it more than once, it is recorded once."""
        if seen.recorded_in not in {"", self._account} and seen.by.account == self._account:
            return "not_ours"  # our account recorded the same call, and there it has a name
        if not self._in_our_account(seen):
            seen = replace(seen, role=f"{seen.role_arn.split(':')[4]}:{seen.role}")
        role = self.catalogue.get(seen.role)
        if self._is_anothers(seen, role):
            return "not_ours"
        session = self.sessions.get(seen.session_id) if seen.session_id else None
        verdict = judge(seen, session, role, self.broker_role_arn)
        if verdict != "issued":
            self._record(_event(verdict, seen))
        return verdict

    def _is_anothers(self, seen: Assumption, role: Role | None) -> bool:
        """True if another deployment in the account made the role, and so watches it.

        Not if our catalogue has it, whatever its tags say, nor if it was our own function role that assumed it.
        """
        catalogued = role is not None and role.arn == seen.role_arn
        if catalogued or seen.by_role_arn == self.broker_role_arn or not self._in_our_account(seen):
            return False
        return self.owners.deployment_of(seen.role) not in {"", self.deployment}

    @property
    def _account(self) -> str:
        return self.broker_role_arn.split(":")[4]

    def _in_our_account(self, seen: Assumption) -> bool:
        return seen.role_arn.split(":")[4] == self._account

    def _record(self, event: AuditEvent) -> None:
        try:
            self.journal.record(event)
        except Conflict:
            return  # its id comes from CloudTrail's: this is a redelivery


def _event(verdict: Verdict, seen: Assumption) -> AuditEvent:
    entropy = hashlib.sha256(seen.event_id.encode()).digest()[: ids.ENTROPY_BYTES]
    return AuditEvent(
        id=ids.new_id(seen.at, entropy),
        type=verdict,
        at=seen.at,
        origin=Origin(seen.by, source_ip=seen.source_ip),
        role=seen.role,
        session=seen.session_id if verdict == "unrecorded" else "",
        detail={
            "role_arn": seen.role_arn,
            "session_name": seen.session_name,
            "identity_type": seen.by_type,
            "account": seen.by.account,
            "identity_provider": seen.identity_provider,
            "access_key_id": seen.access_key_id,
            "user_agent": seen.user_agent,
            "cloudtrail_event": seen.event_id,
        },
    )
