"""Requesting: asking for a role that others must agree to, and looking at what was asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.admission import Evidence, admit
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.approvals import door_asked_for
from chalicelib.approvals.domain.filings import Crowded, FiledTooOften, person_of
from chalicelib.approvals.domain.grants import FARTHEST_START, granted, require_length
from chalicelib.approvals.domain.requests import Request, RequestFilter, answer_by
from chalicelib.core.domain.errors import InvalidRequest, NoSuchRole, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.rules import AccessRules, Door
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.access.services.principals import People
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.services.approvers import Approvers
    from chalicelib.approvals.services.filing_limits import LimitedFiling
    from chalicelib.approvals.services.records import ApprovalRecords
    from chalicelib.approvals.services.stores import Grants, Requests
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.pages import Page
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.refusals import RefusalRecorder

CLOCKS_APART = timedelta(minutes=5)
"""A start may lie so far in the past and still mean "now": SigV4 allows clients the same."""


@dataclass(frozen=True, slots=True)
class RequestAsk:
    """A request to file, already validated in form. With `once`, filing it again answers the request filed first."""

    role: str
    duration_seconds: int
    reason: str = ""
    not_before: datetime | None = None
    on_behalf_of: str = ""
    once: str = ""
    also: tuple[str, ...] = ()
    """Further roles, to be decided together."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that may be filed: by whom, and what was decided."""

    request: Request
    person: Caller
    decision: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFiling:
    """The terms come from the rules: who may ask is `RequestAccess`, how many must agree the door to the role."""

    rules: AccessRules
    catalogue: Catalogue
    people: People
    filing: LimitedFiling
    records: ApprovalRecords

    def file(self, wanted: RequestAsk, origin: Origin) -> Request:
        """File a request; every outcome but bad input leaves exactly one event.

        With `also`, one request for each role, in one transaction: they will be
        decided together, and the answer is the first. A refusal for one of them
        files none.

        Raises NotFound (also for roles the caller may not see), Refused and
        its kin, Crowded or FiledTooOften where the caller filed too many requests, InvalidRequest.
        """
        now = self.records.clock()
        require_length(timedelta(seconds=wanted.duration_seconds))
        drafts = [self._draft(replace(wanted, role=name), origin, now) for name in (wanted.role, *wanted.also)]
        if len({draft.request.role for draft in drafts}) < len(drafts):
            raise InvalidRequest("A role is named twice.", {"also": "each role once"})
        together = tuple(draft.request.id for draft in drafts) if wanted.also else ()
        filed = [(replace(draft.request, together=together), draft.decision) for draft in drafts]
        told = [(one, self.records.filed(one, origin, decision)) for one, decision in filed]
        try:
            return self.filing.file(told, person_of(drafts[0].person), _once(wanted))
        except (Crowded, FiledTooOften) as refusal:
            raise self._refused(refusal, wanted, filed[0][0].role, origin, filed[0][1]) from None

    def _draft(self, wanted: RequestAsk, origin: Origin, now: datetime) -> Draft:
        """The request for one role, and what was decided; a refusal is on record before it is raised."""
        seen = Evidence(for_other=wanted.on_behalf_of not in {"", origin.caller.name})
        name = wanted.role
        try:
            role = self._role(name)
            name = role.name
            wanted = replace(wanted, role=name)
            person = self._person(wanted, role, origin)
            door = self._door(_asking(wanted, role, person, origin, now), wanted, seen)
        except (Refused, NotFound) as refusal:
            raise self._refused(refusal, wanted, name, origin, seen.told(self.rules)) from None
        return Draft(self._request(wanted, person, door, origin, now), person, seen.told(self.rules))

    def _refused(
        self, refusal: BrokerError, wanted: RequestAsk, role: str, origin: Origin, decision: Mapping[str, Any] | None
    ) -> BrokerError:
        detail = {"duration_seconds": wanted.duration_seconds, "for": wanted.on_behalf_of or origin.caller.name}
        return self.records.refused(refusal, "RequestAccess", role, origin, detail, decision=decision)

    def _role(self, name: str) -> Role:
        role = self.catalogue.get(name)
        if role is None:
            raise NoSuchRole
        return role

    def _person(self, wanted: RequestAsk, role: Role, origin: Origin) -> Caller:
        """The one who would get the access: the caller, or with a rule for it the person they ask for."""
        if wanted.on_behalf_of in {"", origin.caller.name}:
            return origin.caller
        reasoned = bool(wanted.reason)
        now = self.records.clock()
        admit(self.rules, Ask.of("AskForOthers", origin, role, now, reason_given=reasoned))
        person = self.people.user(wanted.on_behalf_of)
        if person is None:
            raise NotFound(f"IAM has no user {wanted.on_behalf_of}.")
        return person

    def _door(self, asking: Ask, wanted: RequestAsk, seen: Evidence) -> Door:
        """The rule that states the terms."""
        seen.ask, seen.start = asking, _start(wanted, asking.at)
        try:
            door = door_asked_for(self.rules, asking, seen.start)
        except (Refused, NotFound) as refusal:
            seen.refused_by(refusal)
            raise
        seen.allowed_by(door)
        return door

    def _request(self, wanted: RequestAsk, person: Caller, door: Door, origin: Origin, now: datetime) -> Request:
        start = _start(wanted, now)
        not_before = start if start > now else None
        for_another = person != origin.caller
        return Request(
            id=self.records.new_id(now),
            caller=person.name,
            caller_id=person.unique_id,
            caller_arn=person.arn,
            role=wanted.role,
            duration_seconds=wanted.duration_seconds,
            approvals=door.terms.approvals,
            policy=door.policy,
            filed_at=now,
            answer_by=answer_by(now, not_before, timedelta(seconds=wanted.duration_seconds)),
            reason=wanted.reason,
            not_before=not_before,
            asked_by=origin.caller.name if for_another else "",
            asked_by_id=origin.caller.unique_id if for_another else "",
            policy_set=origin.policy_set,
        )


def _once(wanted: RequestAsk) -> str:
    """The key of filing. One key is one set of roles: with others it is another key."""
    return " ".join((wanted.once, *wanted.also)) if wanted.once else ""


def _asking(wanted: RequestAsk, role: Role, person: Caller, origin: Origin, now: datetime) -> Ask:
    """The ask of the person who would get the access. Their own rules decide, also if another asks for them.

    Where a caller asks for another person, it is not known from where that person
    will come, or with what: rules on the source address or on MFA do not open.
    """
    whose = origin if person == origin.caller else replace(origin, caller=person, source_ip="", mfa=False)
    length, reasoned = wanted.duration_seconds, bool(wanted.reason)
    return Ask.of("RequestAccess", whose, role, now, duration_seconds=length, reason_given=reasoned)


def _start(wanted: RequestAsk, now: datetime) -> datetime:
    """When the access is to begin; InvalidRequest for a start that is over or too far ahead."""
    start = wanted.not_before or now
    if not now - CLOCKS_APART <= start <= now + FARTHEST_START:
        raise InvalidRequest("The start does not fit.", {"not_before": f"from now to {FARTHEST_START.days} days ahead"})
    return max(start, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBrowser:
    """Reads only. A read of what is not the caller's to see leaves a refusal on record."""

    requests: Requests
    grants: Grants
    approvers: Approvers
    refusals: RefusalRecorder
    clock: Clock

    def one(self, request_id: str, origin: Origin) -> Request:
        """One request; NotFound alike for requests that do not exist and those the caller may not see."""
        request = self.requests.get(request_id)
        absent = NotFound(f"There is no request {request_id}.")
        if request is None:
            raise absent
        if not self.approvers.sight(origin)(request):
            subject = {"action": "ReadRequest", "name": request.id}
            raise self.refusals.record(absent, origin, role=request.role, subject=subject)
        return request

    def page(self, wanted: RequestFilter, limit: int, cursor: str | None, origin: Origin) -> Page[Request]:
        """Newest first, what the caller may see of it; a page may be short."""
        now, sees = self.clock(), self.approvers.sight(origin)
        walked, hidden = wanted, list[str]()
        if wanted.role and not self.approvers.concerned(wanted.role, origin):
            # By-role's cursor would tell that there is such a role, and what goes on there.
            walked = replace(wanted, caller=origin.caller.name)

        def matches(one: Request) -> bool:
            wished = wanted.matches(one, now)
            if wished and not sees(one):
                hidden.append(one.id)
                return False
            return wished

        page = self.requests.page(walked, limit, cursor, matches)
        if hidden and not page.items and wanted.caller not in {"", origin.caller.name}:
            self._record_read_of_others(wanted, origin)
        return page

    def _record_read_of_others(self, wanted: RequestFilter, origin: Origin) -> None:
        """A list of another caller's requests of which none is theirs to see: answered as empty, and recorded."""
        refusal = Refused("No rule lets the caller see a request of this caller.")
        subject = {"action": "ReadRequest", "name": wanted.caller}
        self.refusals.record(refusal, origin, role=wanted.role, subject=subject)

    def grant(self, request: Request) -> Grant | None:
        """The grant of the request, or None."""
        return self.grants.get(request) if request.state == "approved" else None

    def lasting_grant(self, request: Request, now: datetime) -> Grant | None:
        """The grant if its time is not over: a read each, so not for what no one can use any more."""
        return self.grant(request) if request.state == "approved" and granted(request).until > now else None
