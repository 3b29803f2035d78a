"""A grant: a caller may take a role for a time, because others approved.

Grants are independent. A session is issued under one of them, the one that
lasts longest, and ending one ends only its own sessions that no other covers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from chalicelib.core.domain.errors import Conflict, InvalidRequest, Refused
from chalicelib.core.domain.roles import SHORTEST_SESSION
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.access.domain.admission import Admission
    from chalicelib.access.domain.rules import AccessRules, Ask
    from chalicelib.approvals.domain.requests import Request

ASKED_BY_TAG = "access-broker:asked-by"
"""The session tag with the name of the program that asked for the caller; the source identity stays the caller's."""

SHORTEST_GRANT = timedelta(minutes=30)
"""Requested access must outlast an approval: with AWS's shortest session in it, access of 15 minutes could never be
taken."""

LONGEST_GRANT = timedelta(days=30)
FARTHEST_START = timedelta(days=30)
"""How far ahead the start of a grant may be planned."""

REACH = FARTHEST_START + LONGEST_GRANT + timedelta(days=1)
"""No grant lasts longer from the filing of its request on; the day is for an answer (domain.requests)."""

NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]", re.ASCII)
"""IAM names may hold a comma, session tags may not."""

State = Literal["scheduled", "active", "ended", "expired"]


class GrantEnded(Refused):
    """The grant that a session was to be issued under ended in the same moment."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One request's yield; it has the request's id. Bound to the caller's unique id, not to the name.

    `sessions` are the sessions issued under it: written in one transaction
    with each session's row, so that ending the grant misses none.
    `ended_by` is empty for a grant that ran out.
    """

    id: str
    caller: str
    caller_id: str
    role: str
    approvals: int
    starts_at: datetime
    until: datetime
    reason: str = ""
    asked_by: str = ""
    approvers: tuple[str, ...] = ()
    sessions: frozenset[str] = frozenset()
    ended_at: datetime | None = None
    ended_by: str = ""

    def covers(self, at: datetime) -> bool:
        """True if the grant gives access at this moment."""
        return self.ended_at is None and self.starts_at <= at < self.until

    @property
    def usable_until(self) -> datetime:
        """The last moment at which a session can begin: it never outlives its grant, and AWS issues no shorter one."""
        return self.until - SHORTEST_SESSION

    def state(self, now: datetime) -> State:
        """The word for `now`."""
        if self.ended_by:
            return "ended"
        if now >= self.until:
            return "expired"
        return "active" if now >= self.starts_at else "scheduled"


def granted(request: Request) -> Grant:
    """The grant of a request that was approved just now.

    A scheduled window stands as it was asked for: an approval in the middle
    of it gives the rest. Without a schedule the whole time begins now.
    """
    duration = timedelta(seconds=request.duration_seconds)
    approved_at = request.settled_at or request.filed_at
    planned = request.not_before or approved_at
    return Grant(
        id=request.id,
        caller=request.caller,
        caller_id=request.caller_id,
        role=request.role,
        approvals=len(request.approvers),
        starts_at=max(planned, approved_at),
        until=planned + duration,
        reason=request.reason,
        asked_by=request.asked_by,
        approvers=request.approvers,
    )


def longest(grants: Iterable[Grant], approvals: int, at: datetime) -> Grant | None:
    """Of the grants that cover this moment with enough approvals, the one that lasts longest; None where none does."""
    covering = [grant for grant in grants if grant.covers(at) and grant.approvals >= approvals]
    return max(covering, key=lambda grant: (grant.until, grant.id), default=None)


def enter(rules: AccessRules, ask: Ask, held: Iterable[Grant]) -> tuple[Admission, Grant] | None:
    """The way in under the caller's grants, or None; the reason given to the approvers counts as given."""
    from chalicelib.access.domain.admission import with_approvals  # noqa: PLC0415  clean-up reads grants, decides none

    covering = [grant for grant in held if grant.covers(ask.at)]
    reasoned = ask.reason_given or any(grant.reason for grant in covering)
    admission = with_approvals(rules, replace(ask, reason_given=reasoned)) if covering else None
    grant = longest(covering, admission.door.terms.approvals, ask.at) if admission else None
    return (admission, grant) if admission and grant else None


def not_begun(grants: Iterable[Grant], at: datetime) -> Refused | None:
    """The refusal for a caller whose grants all begin later, or None if there is no such grant."""
    ahead = [grant for grant in grants if grant.ended_at is None and at < grant.starts_at]
    first = min(ahead, key=lambda grant: grant.starts_at, default=None)
    if first is None:
        return None
    return Refused(f"Grant {first.id} gives this role from {rfc3339(first.starts_at)} on. Try again then.")


def asked_by_tag(asked_by: str) -> dict[str, str]:
    """The session tag that names the program behind a grant; nothing where there is none."""
    return {ASKED_BY_TAG: NOT_IN_TAGS.sub("_", asked_by)} if asked_by else {}


def require_length(duration: timedelta) -> None:
    """InvalidRequest for a grant that is too short to be used, or longer than others can answer for."""
    if not SHORTEST_GRANT <= duration <= LONGEST_GRANT:
        bounds = f"from {int(SHORTEST_GRANT.total_seconds())} to {int(LONGEST_GRANT.total_seconds())}"
        raise InvalidRequest("Access is asked for from 30 minutes to 30 days.", {"duration_seconds": bounds})


def session_seconds(grant: Grant, wanted: int, now: datetime) -> int:
    """How long a session under this grant may last, of the seconds wanted: it never outlives the grant.

    Refused where less is left than the shortest session that AWS issues.
    """
    left = grant.until - now
    if now > grant.usable_until:
        raise Refused(
            f"Grant {grant.id} ends at {rfc3339(grant.until)}, in {max(0, int(left.total_seconds()))} seconds; AWS "
            f"issues no session under {int(SHORTEST_SESSION.total_seconds())}. Ask again: broker request {grant.role}",
        )
    return min(wanted, int(left.total_seconds()))


def ended(grant: Grant, by: str, now: datetime) -> Grant:
    """The grant given back, or taken back, before its time."""
    if grant.ended_at or now >= grant.until:
        raise Conflict(f"Grant {grant.id} is over since {rfc3339(grant.ended_at or grant.until)}.")
    return replace(grant, ended_at=now, ended_by=by)


def ran_out(grant: Grant) -> Grant:
    """The grant at the end of its time."""
    return replace(grant, ended_at=grant.until)
