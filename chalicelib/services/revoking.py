"""Taking back: one session, one caller everywhere, or one role."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.domain.errors import BrokerError, NotFound, Refused
from chalicelib.domain.events import AuditEvent, to_json
from chalicelib.domain.revocation import DATED_WITHIN
from chalicelib.domain.sessions import SessionFilter
from chalicelib.domain.times import rfc3339
from chalicelib.services.rights import owns

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from datetime import datetime

    from chalicelib.domain.events import Origin
    from chalicelib.domain.ports import Clock, Journal, NewId, Sessions
    from chalicelib.domain.provisioning_ports import Provisioner
    from chalicelib.domain.sessions import Session
    from chalicelib.services.rights import Rights

Scope = Literal["session", "caller", "role"]

LOOKS = 2
"""The index lags its table a little: who revokes a caller looks again for sessions that were just issued."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What one call took back."""

    id: str
    scope: Scope
    name: str
    reason: str
    at: datetime
    roles: tuple[str, ...]
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Who takes back what, why, and by which rules: what every event of one call has in common."""

    id: str
    scope: Scope
    name: str
    reason: str
    at: datetime
    origin: Origin
    rules: tuple[str, ...] = ()

    def revoked(self, event_id: str, role: str, sessions: Iterable[Session], session: str = "") -> AuditEvent:
        """The `revoke` event of one role."""
        detail: dict[str, Any] = {"revocation": self.id, "scope": self.scope, "name": self.name}
        detail["sessions"] = sorted(one.id for one in sessions)
        return AuditEvent(event_id, "revoke", self.at, self.origin, role, session, self.reason, self.rules, detail)

    def refused(self, role: str, refusal: BrokerError) -> AuditEvent:
        """The `refuse` event of a call that no rule allows."""
        detail = {
            "code": refusal.code,
            "why": refusal.detail,
            "action": "Revoke",
            "scope": self.scope,
            "name": self.name,
        }
        session = self.name if self.scope == "session" else ""
        rules = getattr(refusal, "policies", ())
        return AuditEvent(self.id, "refuse", self.at, self.origin, role, session, self.reason, rules, detail)

    def result(self, ended: Iterable[Session], roles: Iterable[str]) -> Revocation:
        """What is answered."""
        ids = tuple(sorted(session.id for session in ended))
        return Revocation(self.id, self.scope, self.name, self.reason, self.at, tuple(sorted(roles)), ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoking:
    """Decide, have the provision function deny it (the event rides in its list), then show it in the session rows.

    Sessions issued afterwards are for the access rules: nothing here is a ban.
    """

    rights: Rights
    sessions: Sessions
    provisioner: Provisioner
    journal: Journal
    clock: Clock
    new_id: NewId

    def end_session(self, session_id: str, reason: str, origin: Origin) -> tuple[Session, Revocation]:
        """End one session; one that has ended already stays as it is.

        Raises NotFound, Refused, Conflict (the role's policy is full), and
        what the provision function raises.
        """
        session = self.sessions.get(session_id)
        if session is None:
            raise NotFound(f"There is no session {session_id}.")
        cause = self._cause("session", session_id, session.role, reason, origin, own=owns(origin, session))
        return self._end(session, cause)

    def end_with_grant(self, session: Session, reason: str, origin: Origin) -> None:
        """End a session whose grant ended: who may end the grant (services.granting) needs no other right."""
        self._end(session, self._cause("session", session.id, session.role, reason, origin, own=True))

    def _end(self, session: Session, cause: Cause) -> tuple[Session, Revocation]:
        if session.state(cause.at) != "active":
            return session, cause.result((), ())
        event = cause.revoked(cause.id, session.role, [session], session.id)
        self._order("revoke_session", event, session=session.id, expires_at=rfc3339(session.expires_at))
        self._mark([session], cause.at)
        return replace(session, revoked_at=cause.at), cause.result([session], [session.role])

    def end_caller(self, name: str, reason: str, origin: Origin) -> Revocation:
        """End every session of a caller, on every role; one role that fails does not spare the others.

        By name, as AWS's source identity is: what a namesake who is gone has
        left alive ends as well.
        """
        cause = self._cause("caller", name, "", reason, origin, own=name == origin.caller.name)
        ended: dict[str, Session] = {}
        failures: list[BrokerError] = []
        for _ in range(LOOKS):
            for role, found in _by_role(self._alive(SessionFilter(caller=name), ended)).items():
                try:
                    self._end_on_role(cause, role, found)
                    ended |= {session.id: session for session in found}
                except BrokerError as failure:
                    failures.append(failure)
        if failures:
            raise failures[-1]
        return cause.result(ended.values(), {session.role for session in ended.values()})

    def end_role(self, name: str, reason: str, origin: Origin) -> Revocation:
        """End every session of a role, those included that were not issued by the broker."""
        cause = self._cause("role", name, name, reason, origin, own=False)
        role = self.rights.catalogue.get(name)
        if role is None:
            raise NotFound(f"There is no role {name}.")
        found = self._alive(SessionFilter(role=name), ())
        before = _cutoff(found, cause.at)
        until = before + timedelta(seconds=role.max_session_seconds)
        event = cause.revoked(cause.id, name, found)
        self._order("revoke_role", event, before=rfc3339(before), until=rfc3339(until))
        self._mark(found, cause.at)
        return cause.result(found, [name])

    def _cause(self, scope: Scope, name: str, role: str, reason: str, origin: Origin, *, own: bool) -> Cause:
        """The cause, if the caller may do this; a refusal is recorded before it is answered."""
        now = self.clock()
        cause = Cause(self.new_id(now), scope, name, reason, now, origin)
        if own:
            return cause
        try:
            return replace(cause, rules=self.rights.demand("Revoke", role, origin, reason))
        except (Refused, NotFound) as refusal:
            self.journal.record(cause.refused(role, refusal))
            raise

    def _alive(self, wanted: SessionFilter, without: Container[str]) -> list[Session]:
        now = self.clock()
        alive = wanted.alive(now)
        found = self.sessions.every(alive, now)
        return [session for session in found if alive.matches(session, now) and session.id not in without]

    def _end_on_role(self, cause: Cause, role: str, found: list[Session]) -> None:
        now = self.clock()
        event = cause.revoked(self.new_id(now), role, found)
        until = max(session.expires_at for session in found)
        caller = found[0].source_identity
        before = rfc3339(_cutoff(found, now))
        self._order("revoke_caller", event, source_identity=caller, before=before, until=rfc3339(until))
        self._mark(found, now)

    def _order(self, action: str, event: AuditEvent, **entry: str) -> None:
        """One order to the provision function (handlers/revocation_actions.py)."""
        self.provisioner.order({"action": action, "role": event.role, "event": to_json(event), **entry})

    def _mark(self, sessions: list[Session], at: datetime) -> None:
        for session in sessions:
            self.sessions.mark_revoked(session.id, at)


def _cutoff(found: list[Session], now: datetime) -> datetime:
    """Sessions that AWS dated before this are over: all that were found, however AWS dates the youngest."""
    return max([now, *(session.issued_at + DATED_WITHIN for session in found)])


def _by_role(sessions: list[Session]) -> dict[str, list[Session]]:
    roles: dict[str, list[Session]] = {}
    for session in sessions:
        roles.setdefault(session.role, []).append(session)
    return roles
