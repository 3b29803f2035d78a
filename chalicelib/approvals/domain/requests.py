"""A request for access that others must agree to: its states, and what moves it from one to the next.

Every transition is a function from a request to the next one, or a Conflict
that says what became of the request meanwhile. Storing it is a conditional
write on `version`, so of two transitions from one state exactly one happens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.roles import SHORTEST_SESSION
from chalicelib.core.domain.times import rfc3339

State = Literal["pending", "approved", "denied", "cancelled", "expired"]
Word = Literal["approve", "deny"]

STATES: tuple[State, ...] = ("pending", "approved", "denied", "cancelled", "expired")

ANSWERED_WITHIN = timedelta(hours=24)
"""How long a request without a scheduled start waits for its approvers."""

SAID = {"approve": "approved", "deny": "denied"}


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision of one approver. `by_id` is IAM's id of the user or role; `via` is empty for the API."""

    decision: Word
    by: str
    by_id: str
    at: datetime
    comment: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a role: by whom, for how long and why, under which rule, and the decisions on it.

    `caller` is the one who gets the access; `asked_by` a program that asked
    on their behalf, or empty. `policy` is the rule that stated the terms.
    `together` has the ids of all requests that were filed at once, its own
    among them, or none: they are decided together.
    """

    id: str
    caller: str
    caller_id: str
    caller_arn: str
    role: str
    duration_seconds: int
    approvals: int
    policy: str
    filed_at: datetime
    answer_by: datetime
    reason: str = ""
    not_before: datetime | None = None
    asked_by: str = ""
    asked_by_id: str = ""
    policy_set: str = ""
    state: State = "pending"
    decisions: tuple[Decision, ...] = ()
    settled_at: datetime | None = None
    together: tuple[str, ...] = ()
    version: int = 1

    @property
    def requester(self) -> Caller:
        """The one who gets the access, as far as the row tells: without groups and tags."""
        kind: Literal["user", "role"] = "role" if "/" in self.caller else "user"
        return Caller(kind, self.caller, self.caller_arn, self.caller_arn.split(":")[4], self.caller_id)

    @property
    def approvers(self) -> tuple[str, ...]:
        """The names of those who approved, in order."""
        return tuple(decision.by for decision in self.decisions if decision.decision == "approve")

    def overdue(self, now: datetime) -> bool:
        """True if the time for answers is over and no expiry is recorded yet."""
        return self.state == "pending" and now >= self.answer_by

    def state_at(self, now: datetime) -> State:
        """The state for `now`: a request is expired when its time is up, written down or not."""
        return "expired" if self.overdue(now) else self.state

    def said_by(self, approver_id: str) -> Decision | None:
        """The decision of this approver, or None."""
        return next((one for one in self.decisions if one.by_id == approver_id), None)


def answer_by(filed_at: datetime, not_before: datetime | None, duration: timedelta) -> datetime:
    """Until when an answer helps: a day, or where the start is scheduled, while a session still fits in."""
    if not_before is None:
        return filed_at + ANSWERED_WITHIN
    return not_before + duration - SHORTEST_SESSION


def repeats(again: Request, first: Request) -> bool:
    """True if the second asks for the same as the first; a start that is over by then means at once."""
    at = again.filed_at

    def terms(one: Request) -> tuple[object, ...]:
        start = one.not_before if one.not_before and one.not_before > at else None
        return one.caller_id, one.role, one.duration_seconds, one.reason, start

    return terms(again) == terms(first)


def decided(request: Request, decision: Decision) -> Request:
    """The request after one more decision: the last approval needed, or one denial, settles it."""
    _require_open(request, decision.at)
    if request.said_by(decision.by_id):
        raise Conflict(f"You have decided on request {request.id} already; every approver decides once.")
    heard = replace(request, decisions=(*request.decisions, decision), version=request.version + 1)
    if decision.decision == "deny":
        return replace(heard, state="denied", settled_at=decision.at)
    if len(heard.approvers) >= request.approvals:
        return replace(heard, state="approved", settled_at=decision.at)
    return heard


def cancelled(request: Request, now: datetime) -> Request:
    """The request, cancelled by the person who asked."""
    if request.state == "approved":
        raise Conflict(f"{outcome(request)} To give the access back: broker done {request.id}")
    _require_open(request, now)
    return replace(request, state="cancelled", settled_at=now, version=request.version + 1)


def expired(request: Request) -> Request:
    """The request without an answer in time, as of the moment its time was up."""
    return replace(request, state="expired", settled_at=request.answer_by, version=request.version + 1)


def outcome(request: Request) -> str:
    """The end of the request, in a sentence for a caller who came too late."""
    if request.state == "pending":
        return f"Request {request.id} is waiting: {len(request.approvers)} of {request.approvals} have agreed."
    when = rfc3339(request.settled_at or request.filed_at)
    if request.state == "expired":
        return f"Request {request.id} expired at {when} without an answer."
    if request.state == "cancelled":
        return f"Request {request.id} was cancelled at {when} by the person who asked."
    last = request.decisions[-1]
    return f"Request {request.id} was {SAID[last.decision]} by {last.by} at {when}."


def _require_open(request: Request, now: datetime) -> None:
    if request.overdue(now):
        raise Conflict(outcome(expired(request)))
    if request.state != "pending":
        raise Conflict(outcome(request))


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests a list is about; empty members do not narrow it."""

    caller: str = ""
    role: str = ""
    state: State | None = None

    def matches(self, request: Request, now: datetime) -> bool:
        """True if the filter includes the request."""
        return (
            self.caller in {"", request.caller}
            and self.role in {"", request.role}
            and self.state in {None, request.state_at(now)}
        )
