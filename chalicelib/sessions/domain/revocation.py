"""What is taken back on one role, and the inline policy that says so to AWS.

One session is denied by its session tag, one caller by source identity and
issue time, the whole role by issue time (as AWS's own AWSRevokeOlderSessions
does it). An entry leaves when the last session it can mean has expired.

AWS may date a session a little later than the broker does. So a cut-off at an
instant goes with single entries for the sessions of the seconds before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003  rows are converted by their annotations
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.ids import instant
from chalicelib.core.domain.roles import SESSION_TAG
from chalicelib.core.domain.times import rfc3339

POLICY_NAME = "access-broker-revocations"
"""The inline policy on a brokered role; the broker alone writes it."""

MAX_INLINE_CHARACTERS = 10_240
"""All inline policies of a role together, white space not counted (IAM quotas, "Role inline policy size limit")."""


DATED_WITHIN = timedelta(seconds=15)
"""AWS may date a session that much later than its id: the row is written beside AssumeRole, which may be retried."""

SINGLE_SESSIONS_SHARE = 0.75
"""Of the policy's room: whoever ends hundreds of sessions, even their own, leaves room to cut callers off.

That is how single sessions end from then on (services.revoking).
"""


@dataclass(frozen=True, slots=True)
class Cutoff:
    """Sessions issued before `before` are dead; the entry itself may go at `until`."""

    before: datetime
    until: datetime

    def with_(self, other: Cutoff | None) -> Cutoff:
        """One cutoff for both: what either ended stays ended."""
        return Cutoff(max(self.before, other.before), max(self.until, other.until)) if other else self


@dataclass(frozen=True, slots=True)
class RoleRevocations:
    """The revocation list of one role. `sessions` maps ids to when they expire, `callers` source identities.

    `version` counts changes of the list, `rendered` is the version IAM has.
    """

    role: str
    sessions: Mapping[str, datetime] = field(default_factory=dict)
    callers: Mapping[str, Cutoff] = field(default_factory=dict)
    everyone: Cutoff | None = None
    version: int = 0
    rendered: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is denied."""
        return not (self.sessions or self.callers or self.everyone)

    def with_session(self, session_id: str, expires_at: datetime, room: int) -> RoleRevocations:
        """The list with one session more; Conflict names the coarser way where `room` does not take it."""
        latest = max(expires_at, self.sessions.get(session_id, expires_at))
        longer = replace(self, sessions={**self.sessions, session_id: latest})
        if longer != self and characters(longer) > room * SINGLE_SESSIONS_SHARE:
            raise Conflict(
                f"The revocation policy of {self.role} is full ({len(self.sessions)} sessions). "
                f"Revoke a caller's sessions as one, or all of the role's: broker revoke --role {self.role}"
            )
        return longer

    def with_sessions(self, ended: Mapping[str, datetime], room: int) -> RoleRevocations:
        """The list with these sessions more, ids and when they expire, or Conflict: all or none."""
        listed = self
        for session_id, expires_at in ended.items():
            listed = listed.with_session(session_id, expires_at, room)
        return listed

    def with_caller(self, source_identity: str, cutoff: Cutoff, room: int) -> RoleRevocations:
        """The list with one caller cut off; Conflict names the coarser way where `room` does not take it."""
        both = cutoff.with_(self.callers.get(source_identity))
        longer = replace(self, callers={**self.callers, source_identity: both})
        if characters(longer) > room:
            raise Conflict(
                f"The revocation policy of {self.role} is full ({len(self.callers)} callers). "
                f"Revoke all of the role's sessions: broker revoke --role {self.role}"
            )
        return longer

    def with_everyone(self, cutoff: Cutoff, room: int) -> RoleRevocations:
        """The list with every session cut off; what the cutoff covers makes way.

        What it does not cover, entries of the last seconds, stays: Conflict
        where `room` does not take both. A cutoff DATED_WITHIN from now covers all.
        """
        covered = {one: end for one, end in self.sessions.items() if instant(one) + DATED_WITHIN <= cutoff.before}
        callers = {name: one for name, one in self.callers.items() if one.before <= cutoff.before}
        until = max([cutoff.until, *covered.values(), *(one.until for one in callers.values())])
        longer = replace(
            self,
            sessions={one: end for one, end in self.sessions.items() if one not in covered},
            callers={name: one for name, one in self.callers.items() if name not in callers},
            everyone=Cutoff(cutoff.before, until).with_(self.everyone),
        )
        if (longer.sessions or longer.callers) and characters(longer) > room:
            raise Conflict(f"The revocation policy of {self.role} is full. Try again in a few seconds.")
        return longer

    def pruned(self, now: datetime) -> RoleRevocations:
        """The list without entries that no live session can need any more."""
        over = now - DATED_WITHIN  # a session that AWS dated later also ends later than its row says
        return replace(
            self,
            sessions={name: expires for name, expires in self.sessions.items() if expires > over},
            callers={name: cutoff for name, cutoff in self.callers.items() if cutoff.until > over},
            everyone=self.everyone if self.everyone and self.everyone.until > over else None,
        )


def characters(revocations: RoleRevocations) -> int:
    """How long the policy is, as IAM counts it: without white space."""
    return compact_length(policy_document(revocations))


def policy_document(revocations: RoleRevocations) -> dict[str, Any]:
    """The inline policy; meaningless for an empty list, where there must be no policy."""
    statements = []
    if revocations.sessions:
        ended = sorted(revocations.sessions)
        statements.append(_deny({"StringEquals": {f"aws:PrincipalTag/{SESSION_TAG}": ended}}))
    statements += [_deny(_of_caller(name, cutoff.before)) for name, cutoff in sorted(revocations.callers.items())]
    if revocations.everyone:
        statements.append(_deny(_issued_before(revocations.everyone.before)))
    return {"Version": "2012-10-17", "Statement": statements}


def compact_length(document: Mapping[str, Any]) -> int:
    """Characters as IAM counts them."""
    return len("".join(json.dumps(document, separators=(",", ":")).split()))


def _deny(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def _of_caller(source_identity: str, before: datetime) -> dict[str, Any]:
    return {"StringEquals": {"aws:SourceIdentity": source_identity}, **_issued_before(before)}


def _issued_before(before: datetime) -> dict[str, Any]:
    return {"DateLessThan": {"aws:TokenIssueTime": rfc3339(before)}}
