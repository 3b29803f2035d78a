"""Deciding: approve, deny, cancel. Each ends in one right state, also if others act at the same moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.approvals.domain.approvals import principal_id
from chalicelib.approvals.domain.grants import granted
from chalicelib.approvals.domain.requests import SAID, Decision, cancelled, decided, expired, outcome
from chalicelib.approvals.services.approvers import owns
from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AwsUnavailable, Conflict, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.approvals.domain.requests import Request, Word
    from chalicelib.approvals.services.approvers import Approvers
    from chalicelib.approvals.services.close_overdue import OverdueCloser
    from chalicelib.approvals.services.records import ApprovalRecords
    from chalicelib.approvals.services.stores import Requests
    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.events import Origin

MAX_TRIES = 12
"""Attempts to write against others on the same request; with the pauses of wiring under 8 s in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDecisions:
    """Reads, decides, writes on condition that nothing changed in between; else from the start.

    Saying the same twice changes nothing and answers the request as it is.
    """

    requests: Requests
    approvers: Approvers
    records: ApprovalRecords
    overdue_closer: OverdueCloser
    pause: Callable[[int], None]

    def record_decision(self, request_id: str, word: Word, comment: str, origin: Origin) -> Request:
        """Approve or deny, once per approver; the approval that completes the number makes the grant.

        Requests that were filed together are decided together: who may not
        decide one of them decides none. Each gets its own grant. The id may be
        of one that is settled: the answer is the first that was decided.

        Raises NotFound, Refused, or Conflict that says what became of the request.
        """
        request = self._found(request_id)
        group = [request, *self._waiting_with(request)]
        rules = [self._right(one, word, comment, origin) for one in group]
        pairs = zip(group, rules, strict=True)
        return _first_done([partial(self._say, one.id, word, comment, origin, its_rules) for one, its_rules in pairs])

    def _say(self, request_id: str, word: Word, comment: str, origin: Origin, rules: tuple[str, ...]) -> Request:
        approver_id = principal_id(origin.caller.unique_id)

        def next_version(current: Request) -> Request:
            said = current.said_by(approver_id)
            if said and said.decision == word and current.state in {"pending", SAID[word]}:
                return current
            now = self.records.clock()
            return decided(current, Decision(word, origin.caller.name, approver_id, now, comment, origin.via))

        def save(changed: Request) -> None:
            grant = granted(changed) if changed.state == "approved" else None
            event = self.records.decided(changed, changed.decisions[-1], grant, rules, origin)
            self.requests.save(changed, event, grant)

        return self._settle(request_id, next_version, save)

    def cancel(self, request_id: str, comment: str, origin: Origin) -> Request:
        """Take back what one asked for, or what one's program asked for."""
        request = self._found(request_id)
        if not owns(origin, request):
            raise self._refused(self._not_theirs(request, origin), "Cancel", request, origin)
        group = [request, *self._waiting_with(request)]
        return _first_done([partial(self.withdraw, one.id, comment, origin) for one in group])

    def _waiting_with(self, request: Request) -> list[Request]:
        """The requests that were filed together with this one and still wait."""
        found = [self._found(one) for one in request.together if one != request.id]
        return [one for one in found if one.state_at(self.records.clock()) == "pending"]

    def withdraw(self, request_id: str, comment: str, origin: Origin) -> Request:
        """Cancel a request, by anyone whom the caller of this method has found to have the right."""

        def next_version(current: Request) -> Request:
            return current if current.state == "cancelled" else cancelled(current, self.records.clock())

        def save(changed: Request) -> None:
            self.requests.save(changed, self.records.cancelled(changed, comment, origin))

        return self._settle(request_id, next_version, save)

    def _settle(
        self, request_id: str, next_version: Callable[[Request], Request], save: Callable[[Request], None]
    ) -> Request:
        def prepare() -> tuple[Request, Callable[[], None] | None]:
            request = self._found(request_id)
            if request.overdue(self.records.clock()):
                self.overdue_closer.request(request)
                raise Conflict(outcome(expired(request)))
            changed = next_version(request)
            return changed, (partial(save, changed) if changed != request else None)

        exhausted = AwsUnavailable(f"Too many decide on request {request_id} in the same moment. Try again.")
        return write_conditionally(prepare, pause=self.pause, tries=MAX_TRIES, exhausted=exhausted)

    def _found(self, request_id: str) -> Request:
        request = self.requests.get(request_id)
        if request is None:
            raise NotFound(f"There is no request {request_id}.")
        return request

    def _right(self, request: Request, word: Word, comment: str, origin: Origin) -> tuple[str, ...]:
        """The rules that let the caller decide; every refusal is on record before it is answered."""
        try:
            asked_ids = (request.caller_id, request.asked_by_id)
            # A denial takes away, so it never asks for MFA.
            as_if = replace(origin, mfa=True) if word == "deny" else origin
            return self.approvers.demand("Approve", request.role, asked_ids, comment, as_if)
        except Refused as refusal:
            raise self._refused(refusal, word.capitalize(), request, origin) from None
        except NotFound:
            absent = NotFound(f"There is no request {request.id}.")
            raise self._refused(absent, word.capitalize(), request, origin) from None

    def _not_theirs(self, request: Request, origin: Origin) -> BrokerError:
        if self.approvers.sight(origin)(request):
            return Refused("Only the person who asked may cancel a request. Deny it instead.")
        return NotFound(f"There is no request {request.id}.")

    def _refused(self, refusal: BrokerError, action: str, request: Request, origin: Origin) -> BrokerError:
        return self.records.refused(refusal, action, request.role, origin, {"request": request.id})


def _first_done(acts: list[Callable[[], Request]]) -> Request:
    """Do them all. The answer is the first that was not settled otherwise before; Conflict where each one was."""
    done, late = [], []
    for act in acts:
        try:
            done.append(act())
        except Conflict as conflict:
            late.append(conflict)
    if not done:
        raise late[0]
    return done[0]
