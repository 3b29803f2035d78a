"""Suspending callers: out with the next request, sessions ended, requests cancelled; and back again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.facts import PERSONS, Suspension, in_any_case
from chalicelib.approvals.domain.requests import RequestFilter
from chalicelib.core.domain.errors import BrokerError, Conflict, NotFound, Refused
from chalicelib.core.domain.events import AuditEvent
from chalicelib.core.domain.sessions import SessionFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.domain.facts import Facts
    from chalicelib.access.services.rights import Rights
    from chalicelib.approvals.services.stores import Requests
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.sessions import Session
    from chalicelib.core.domain.times import Clock, Pause
    from chalicelib.core.services.refusals import RefusalRecorder
    from chalicelib.sessions.domain.revocation_record import Revocation
    from chalicelib.sessions.services.browse import Sessions

    class Suspensions(Protocol):
        """Suspension rows. Each write carries its audit event."""

        def put(self, suspension: Suspension, event: AuditEvent) -> None:
            """Write it; Conflict if the subject is suspended already."""
            ...

        def remove(self, suspension: Suspension, event: AuditEvent) -> None:
            """Lift it; Conflict if that was done already."""
            ...

        def every(self) -> list[Suspension]:
            """All that stand, read consistently, oldest first."""
            ...

    class Known(Protocol):
        """Users and roles by name."""

        def named(self, name: str) -> Iterable[Facts]:
            """All of that name, in the directory and, where IAM answers, in IAM."""
            ...

    class CallerEnder(Protocol):
        """Ending sessions (sessions.services.revoke)."""

        def end_caller(self, name: str, reason: str, origin: Origin) -> Revocation:
            """End every session of a caller."""
            ...

    class Canceller(Protocol):
        """Cancelling requests (approvals.services.decide)."""

        def withdraw(self, request_id: str, comment: str, origin: Origin) -> object:
            """Cancel a request for its requester."""
            ...


SETTLED_SECONDS = 2.0
"""A session that was being issued as the suspension was written has its row by then (access.services.recognition,
READ_AGAIN), so the second look finds it."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """The result of one call. `failures` says what could not be done: the suspension stands all the same."""

    suspensions: tuple[Suspension, ...]
    sessions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    direct_roles: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspender:
    """Cedar's `Revoke` on the whole broker decides; callers may suspend themselves, and never lift it."""

    rights: Rights
    suspensions: Suspensions
    known: Known
    sessions: Sessions
    ender: CallerEnder
    requests: Requests
    canceller: Canceller
    refusals: RefusalRecorder
    clock: Clock
    pause: Pause
    new_id: NewId

    def suspend(self, name: str, reason: str, origin: Origin) -> Suspended:
        """Suspend a user, a role with all its sessions, one session of a role, or a person of Identity Center.

        The rows come first, so that nothing new is issued; then what is alive
        ends. Repeating it ends what an interrupted call left.
        Raises NotFound, Refused, AuditUnavailable.
        """
        rules = () if name == origin.caller.name else self._demand(name, reason, origin)
        stand = tuple(self._put(subject, name, reason, rules, origin) for subject in self._subjects(name))
        done = self._end(Suspended(stand), name, reason, origin)
        self.pause(SETTLED_SECONDS)
        if any(self._alive(name)):
            done = self._end(done, name, reason, origin)
        return self._cancel(done, name, reason, origin)

    def lift(self, suspension_id: str, origin: Origin) -> Suspension:
        """Lift one suspension; NotFound, Refused."""
        found = next((one for one in self.suspensions.every() if one.id == suspension_id), None)
        rules = self._demand(found.caller if found else "", "", origin)
        if found is None:
            raise NotFound(f"There is no suspension {suspension_id}.")
        now = self.clock()
        self.suspensions.remove(found, _event(found, origin, now, rules, lifted_as=self.new_id(now)))
        return found

    def list(self, origin: Origin) -> list[Suspension]:
        """All that stand, for those who may read the audit."""
        self.rights.demand("ReadAudit", "", origin)
        return self.suspensions.every()

    def _demand(self, name: str, reason: str, origin: Origin) -> tuple[str, ...]:
        try:
            return self.rights.demand("Revoke", "", origin, reason)
        except (Refused, NotFound) as refusal:
            detail = {"action": "Suspend", "about": name}
            raise self.refusals.record(refusal, origin, reason=reason, detail=detail) from None

    def _subjects(self, name: str) -> tuple[str, ...]:
        """The ids behind a name; NotFound if there are none. A deleted namesake that the directory still has counts.

        Callers of member accounts are suspended by name: the directory has none of them.
        """
        first, _, session = name.partition("/")
        if name.endswith("/") or "/" in session or first.endswith(f":{PERSONS}") > bool(session):
            raise NotFound(f"There can be no caller {name}.")
        if ":" in first or (session and first == PERSONS):
            return (in_any_case(name),)
        ids = {facts.unique_id: facts.kind for facts in self.known.named(first)}
        if session:
            ids = {f"{unique_id}:{session}": kind for unique_id, kind in ids.items() if kind == "role"}
        if not ids:
            raise NotFound(f"There is no caller {name}.")
        return tuple(ids)

    def _put(self, subject: str, name: str, reason: str, rules: tuple[str, ...], origin: Origin) -> Suspension:
        now = self.clock()
        wanted = Suspension(self.new_id(now), subject, name, reason, origin.caller.name, now)
        try:
            self.suspensions.put(wanted, _event(wanted, origin, now, rules))
        except Conflict:
            return next((one for one in self.suspensions.every() if one.subject == subject), wanted)
        return wanted

    def _end(self, done: Suspended, name: str, reason: str, origin: Origin) -> Suspended:
        """End the live sessions; what fails is told, and does not hide that the suspension stands."""
        for caller in {name, *self._alive(name)}:
            try:
                ended = self.ender.end_caller(caller, reason, origin)
            except BrokerError as failure:
                done = replace(done, failures=(*done.failures, f"sessions of {caller}: {failure.detail}"))
                continue
            done = replace(
                done,
                sessions=tuple(sorted({*done.sessions, *ended.sessions})),
                roles=tuple(sorted({*done.roles, *ended.roles})),
                direct_roles=tuple(sorted({*done.direct_roles, *ended.direct_roles})),
            )
        return done

    def _alive(self, name: str) -> Iterator[str]:
        """Callers with a live session that the name means: itself, and sessions of the role of that name."""
        now = self.clock()
        for session in self.sessions.every(SessionFilter().alive(now), now):
            if session.state(now) == "active" and _means(name, session):
                yield session.caller

    def _cancel(self, done: Suspended, name: str, reason: str, origin: Origin) -> Suspended:
        now, wanted = self.clock(), RequestFilter(state="pending")
        pending = [one for one in self.requests.pending() if wanted.matches(one, now) and _names(name, one.caller)]
        for request in pending:
            try:
                self.canceller.withdraw(request.id, f"{name} is suspended: {reason}", origin)
            except BrokerError as failure:
                done = replace(done, failures=(*done.failures, f"request {request.id}: {failure.detail}"))
            else:
                done = replace(done, requests=(*done.requests, request.id))
        return done


def _means(name: str, session: Session) -> bool:
    """True if the session's caller, or the role session that is the caller in AWS, has the name.

    They differ for persons of Identity Center: `sso/PERSON` comes as PERMISSION SET ROLE/PERSON. A person is
    the same one in a member account; a role of that account is not the broker's role of the same name.
    """
    account, colon, _ = session.caller.rpartition(":")
    return _names(name, session.caller, account + colon + session.caller_arn.partition(":assumed-role/")[2])


def _names(name: str, *callers: str) -> bool:
    """True if a caller has the name, is a session of the role of that name, or is that person in a member account."""
    wanted, persons = in_any_case(name), [one.rpartition(":")[2] for one in callers]
    known = [in_any_case(one) for one in (*callers, *(one for one in persons if one.startswith(f"{PERSONS}/")))]
    return any(one == wanted or one.startswith(f"{wanted}/") for one in known)


def _event(
    about: Suspension, origin: Origin, at: datetime, rules: tuple[str, ...], *, lifted_as: str = ""
) -> AuditEvent:
    """The `suspend` event, which has the suspension's own id, or the `unsuspend` event."""
    detail: dict[str, Any] = {"suspension": about.id, "about": about.caller, "subject": about.subject}
    kind, reason = ("unsuspend", "") if lifted_as else ("suspend", about.reason)
    return AuditEvent(lifted_as or about.id, kind, at, origin, reason=reason, policies=rules, detail=detail)
