"""The revocation list of one role: the sessions, callers and times of issue that AWS shall deny.

One session is denied by its session tag, one caller by source identity and
issue time, the whole role by issue time (as AWS's own AWSRevokeOlderSessions
does it). An entry leaves when the last session it can mean has expired.
domain/revocation_policy.py renders the list, domain/revocation_room.py keeps it
short enough for IAM.

AWS may date a session a little later than the broker does. So a cut-off at an
instant goes with single entries for the sessions of the seconds before it.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  rows are converted by their annotations
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.core.domain.ids import instant

DATED_WITHIN = timedelta(seconds=15)
"""AWS may date a session that much later than its id: the row is written beside AssumeRole, which may be retried."""


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
    """The revocation list of one role.

    `sessions` maps ids to when they expire, `owners` ids to the source
    identity of their caller (lists of earlier versions have none). `callers`
    maps source identities to cut-offs; one that ends in `*` is a pattern.
    `version` counts changes of the list, `rendered` is the version IAM has.
    """

    role: str
    sessions: Mapping[str, datetime] = field(default_factory=dict)
    callers: Mapping[str, Cutoff] = field(default_factory=dict)
    everyone: Cutoff | None = None
    owners: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    rendered: int = 0

    @property
    def empty(self) -> bool:
        """True if nothing is denied."""
        return not (self.sessions or self.callers or self.everyone)

    def with_session(self, session_id: str, expires_at: datetime, source_identity: str = "") -> RoleRevocations:
        """The list with one session more."""
        latest = max(expires_at, self.sessions.get(session_id, expires_at))
        owners = {**self.owners, session_id: source_identity} if source_identity else self.owners
        return replace(self, sessions={**self.sessions, session_id: latest}, owners=owners)

    def with_sessions(self, ended: Mapping[str, datetime], source_identity: str = "") -> RoleRevocations:
        """The list with these sessions of one caller more, ids and when they expire."""
        listed = self
        for session_id, expires_at in ended.items():
            listed = listed.with_session(session_id, expires_at, source_identity)
        return listed

    def with_caller(self, source_identity: str, cutoff: Cutoff) -> RoleRevocations:
        """The list with one caller cut off."""
        both = cutoff.with_(self.callers.get(source_identity))
        return replace(self, callers={**self.callers, source_identity: both})

    def with_everyone(self, cutoff: Cutoff) -> RoleRevocations:
        """The list with every session cut off. Entries that the cut-off covers make way; younger ones stay."""
        both = cutoff.with_(self.everyone)
        covered = {name: end for name, end in self.sessions.items() if dated_before(name) <= both.before}
        callers = {name: one for name, one in self.callers.items() if one.before <= both.before}
        until = max([both.until, *covered.values(), *(one.until for one in callers.values())])
        left = replace(self, callers={name: one for name, one in self.callers.items() if name not in callers})
        return replace(left.without(covered), everyone=Cutoff(both.before, until))

    def without(self, session_ids: Mapping[str, object]) -> RoleRevocations:
        """The list without these single sessions."""
        return replace(
            self,
            sessions={name: expires for name, expires in self.sessions.items() if name not in session_ids},
            owners={name: owner for name, owner in self.owners.items() if name not in session_ids},
        )

    def denies(self, session_id: str, source_identity: str, issued_at: datetime) -> bool:
        """True if the list denies this session, by its id or by a cut-off of its caller or of everyone."""
        callers = [cutoff for name, cutoff in self.callers.items() if _named(name, source_identity)]
        cutoffs = [*callers, *([self.everyone] if self.everyone else [])]
        return session_id in self.sessions or any(issued_at < cutoff.before for cutoff in cutoffs)

    def pruned(self, now: datetime) -> RoleRevocations:
        """The list without entries that no live session can need any more."""
        over = now - DATED_WITHIN  # a session that AWS dated later also ends later than its row says
        gone = {name: expires for name, expires in self.sessions.items() if expires <= over}
        return replace(
            self.without(gone),
            callers={name: cutoff for name, cutoff in self.callers.items() if cutoff.until > over},
            everyone=self.everyone if self.everyone and self.everyone.until > over else None,
        )


def _named(name: str, source_identity: str) -> bool:
    return source_identity.startswith(name[:-1]) if name.endswith("*") else source_identity == name


def dated_before(session_id: str) -> datetime:
    """A whole second that lies after every time of issue AWS can have given the session."""
    return whole_second(instant(session_id) + DATED_WITHIN)


def whole_second(at: datetime) -> datetime:
    """The end of the second: `aws:TokenIssueTime` has no fractions, so AWS cannot cut within one."""
    return at.replace(microsecond=0) + timedelta(seconds=1)
