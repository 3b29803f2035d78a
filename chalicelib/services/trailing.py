"""Trailing: every assumption of a brokered role is the broker's own (on record or not), direct use, or a bypass."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain import ids
from chalicelib.domain.errors import Conflict
from chalicelib.domain.events import AuditEvent, Origin
from chalicelib.domain.trail import judge

if TYPE_CHECKING:
    from chalicelib.domain.ports import Catalogue, Journal, Sessions
    from chalicelib.domain.trail import Assumption, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailing:
    """Writes the journal and nothing else: the audit function brings it into the log."""

    broker_role_arn: str
    catalogue: Catalogue
    sessions: Sessions
    journal: Journal

    def watch(self, seen: Assumption) -> Verdict:
        """Judge one assumption; EventBridge may deliver it more than once, it is recorded once."""
        session = self.sessions.get(seen.session_id) if seen.session_id else None
        verdict = judge(seen, session, self.catalogue.get(seen.role), self.broker_role_arn)
        if verdict != "issued":
            self._record(_event(verdict, seen))
        return verdict

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
