"""Taking back: one session, one caller everywhere, or one role."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.access.services.rights import owns
from chalicelib.core.domain.errors import BrokerError, Conflict, NotFound, Refused
from chalicelib.core.domain.events import AuditEvent, to_json
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, Role
from chalicelib.core.domain.sessions import SessionFilter
from chalicelib.core.domain.times import rfc3339
from chalicelib.sessions.domain.revocation import DATED_WITHIN, Cutoff

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from datetime import datetime

    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.sessions import Session
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.journal import Journal
    from chalicelib.core.services.provisioner import Provisioner
    from chalicelib.core.services.refusals import RefusalRecorder
    from chalicelib.sessions.services.browse import Sessions

Scope = Literal["session", "caller", "role"]

LOOKS = 2
"""The index lags its table a little: once all is ordered, it is asked again for what was issued just before."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What one call took back.

    `direct_roles` may be assumed by the caller without the broker: AWS tells
    nobody's sessions on them apart, so they end only with the whole role's.
    `no_room` says why one session was asked for and its caller's others ended.
    """

    id: str
    scope: Scope
    name: str
    reason: str
    at: datetime
    roles: tuple[str, ...]
    sessions: tuple[str, ...]
    direct_roles: tuple[str, ...] = ()
    no_room: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """Who takes back what, why, and by which rules: what every event of one call has in common.

    `no_room`: the role's list took no entry for the one session, so its caller is cut off on that role.
    """

    id: str
    scope: Scope
    name: str
    reason: str
    at: datetime
    origin: Origin
    rules: tuple[str, ...] = ()
    no_room: bool = False

    def revoked(self, event_id: str, role: str, sessions: Iterable[Session], **more: object) -> AuditEvent:
        """The `revoke` event of one role."""
        detail: dict[str, Any] = {"revocation": self.id, "scope": self.scope, "name": self.name, **more}
        detail["sessions"] = sorted(one.id for one in sessions)
        if self.no_room:
            detail["no_room"] = True
        session = self.name if self.scope == "session" else ""
        return AuditEvent(event_id, "revoke", self.at, self.origin, role, session, self.reason, self.rules, detail)

    def result(self, ended: Iterable[Session], roles: Iterable[str], direct: tuple[str, ...] = ()) -> Revocation:
        """What is answered."""
        ids = tuple(sorted(session.id for session in ended))
        on = tuple(sorted(roles))
        return Revocation(self.id, self.scope, self.name, self.reason, self.at, on, ids, direct, self.no_room)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoker:
    """Decide, have the provision function deny it (the event rides in its list), then show it in the session rows.

    Sessions issued afterwards are for the access rules: nothing here is a ban.
    """

    rights: Rights
    sessions: Sessions
    provisioner: Provisioner
    journal: Journal
    refusals: RefusalRecorder
    clock: Clock
    new_id: NewId

    def end_session(self, session_id: str, reason: str, origin: Origin) -> tuple[Session, Revocation]:
        """End one session; one that has ended already stays as it is.

        Where the role's list has no room for it, its caller's others on that
        role end with it. Raises NotFound, Refused, Conflict (no room for that
        either, or a role of another account), and what the provision function raises.
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
        _within_reach(session.role_arn, cause)
        event = cause.revoked(cause.id, session.role, [session])
        try:
            self._order("revoke_session", event, session=session.id, expires_at=rfc3339(session.expires_at))
        except Conflict:
            return self._end_with_others(session, replace(cause, no_room=True))
        self._mark([session], cause.at)
        return replace(session, revoked_at=cause.at), cause.result([session], [session.role])

    def _end_with_others(self, session: Session, cause: Cause) -> tuple[Session, Revocation]:
        """End all that its caller has on its role: a cutoff takes one place, however many sessions it means.

        So nobody who ends hundreds of their own keeps others from ending one.
        """
        wanted = SessionFilter(caller=session.caller, role=session.role)
        try:
            ended = self._end_every(cause, wanted, MAX_CHAINED_SECONDS, {session.role: [session]})
        except Conflict as full:
            self._record_refusal(full, cause, session.role)
            raise
        return self.sessions.get(session.id) or session, cause.result(ended.values(), [session.role])

    def end_caller(self, name: str, reason: str, origin: Origin) -> Revocation:
        """End every session of a caller, on every role; one role that fails does not spare the others.

        By name, as AWS's source identity is: what a namesake who is gone has
        left alive ends as well.
        """
        cause = self._cause("caller", name, "", reason, origin, own=name == origin.caller.name)
        ended = self._end_every(cause, SessionFilter(caller=name), MAX_CHAINED_SECONDS)
        direct = tuple(self._assumed_directly_by(name))
        if not ended:
            self.journal.record(cause.revoked(cause.id, "", (), direct_roles=direct))
        return cause.result(ended.values(), {session.role for session in ended.values()}, direct)

    def end_role(self, name: str, reason: str, origin: Origin) -> Revocation:
        """End every session of a role, those included that were not issued by the broker."""
        cause = self._cause("role", name, name, reason, origin, own=False)
        role = self.rights.catalogue.get(name)
        if role is None:
            raise NotFound(f"There is no role {name}.")
        _within_reach(role.arn, cause)
        ended = self._end_every(cause, SessionFilter(role=name), role.max_session_seconds, {name: []})
        return cause.result(ended.values(), [name])

    def _cause(self, scope: Scope, name: str, role: str, reason: str, origin: Origin, *, own: bool) -> Cause:
        """The cause, if the caller may do this; a refusal is recorded before it is answered."""
        now = self.clock()
        cause = Cause(self.new_id(now), scope, name, reason, now, origin)
        if own:
            return cause
        try:
            return replace(cause, rules=self.rights.demand("Revoke", role, origin, reason))
        except (Refused, NotFound) as refusal:
            self._record_refusal(refusal, cause, role)
            raise

    def _record_refusal(self, refusal: BrokerError, cause: Cause, role: str) -> None:
        """Record a call that no rule allows, or that found no room."""
        self.refusals.record(
            refusal,
            cause.origin,
            role=role,
            session=cause.name if cause.scope == "session" else "",
            reason=cause.reason,
            detail={"action": "Revoke", "scope": cause.scope, "name": cause.name},
            at=cause.at,
            event_id=cause.id,
        )

    def _assumed_directly_by(self, name: str) -> Iterable[str]:
        """Roles whose template names the user, by name or by ARN: sessions without a row or a mark of their own."""
        for role in self.rights.catalogue.after(""):
            if any(user.rpartition("/")[2] == name for user in role.direct_users):
                yield role.name

    def _end_every(
        self, cause: Cause, wanted: SessionFilter, longest: int, always: Mapping[str, list[Session]] | None = None
    ) -> dict[str, Session]:
        """End `always` and what two looks find, role by role; no session lasts over `longest` seconds."""
        ended: dict[str, Session] = {}
        cutoffs: defaultdict[str, datetime] = defaultdict(lambda: _whole_second(cause.at))
        due = always or {}
        for _ in range(LOOKS):
            failures = []
            for role, found in self._alive(wanted, ended, cutoffs, due).items():
                try:
                    cutoffs[role] = self._cut_off(cause, role, found, cutoffs[role], timedelta(seconds=longest))
                    ended |= {session.id: session for session in found}
                except BrokerError as failure:
                    failures.append(failure)
            if failures:
                raise failures[-1]
            due = {}
        return ended

    def _alive(
        self,
        wanted: SessionFilter,
        ended: Container[str],
        cutoffs: Mapping[str, datetime],
        due: Mapping[str, list[Session]],
    ) -> dict[str, list[Session]]:
        """By role: what is `due`, and what was issued before the role's cutoff and is not ended yet."""
        now = self.clock()
        alive = wanted.alive(now)
        found = {role: {one.id: one for one in sessions} for role, sessions in due.items()}
        for session in self.sessions.every(alive, now):
            before = session.issued_at < cutoffs[session.role] and session.id not in ended
            if before and alive.matches(session, now):
                found.setdefault(session.role, {})[session.id] = session
        return {role: list(sessions.values()) for role, sessions in found.items()}

    def _cut_off(self, cause: Cause, role: str, found: list[Session], before: datetime, longest: timedelta) -> datetime:
        """Have one role's sessions denied; answers up to which time of issue.

        AWS may date the youngest after the cutoff: they get entries of their
        own. Where these do not fit the cutoff lies later, and what is issued
        until then is denied as well.
        """
        for session in found:
            _within_reach(session.role_arn, cause)
        young = [session for session in found if session.issued_at + DATED_WITHIN > before]
        try:
            self._order_cutoff(cause, role, found, Cutoff(before, before + longest), young)
        except Conflict:
            before = _whole_second(max(before, self.clock() + DATED_WITHIN))
            self._order_cutoff(cause, role, found, Cutoff(before, before + longest), ())
        self._mark(found, self.clock())
        return before

    def _order_cutoff(
        self, cause: Cause, role: str, found: list[Session], cutoff: Cutoff, young: Iterable[Session]
    ) -> None:
        before = rfc3339(cutoff.before)
        event = cause.revoked(self.new_id(self.clock()), role, found, before=before)
        entry: dict[str, Any] = {"before": before, "until": rfc3339(cutoff.until)}
        entry["sessions"] = {session.id: rfc3339(session.expires_at) for session in young}
        if cause.scope != "role":
            entry["source_identity"] = found[0].source_identity
        self._order("revoke_role" if cause.scope == "role" else "revoke_caller", event, **entry)

    def _order(self, action: str, event: AuditEvent, **entry: object) -> None:
        """One order to the provision function (handlers/revocation_actions.py)."""
        self.provisioner.order({"action": action, "role": event.role, "event": to_json(event), **entry})

    def _mark(self, sessions: list[Session], at: datetime) -> None:
        for session in sessions:
            self.sessions.mark_revoked(session.id, at)


def _within_reach(role_arn: str, cause: Cause) -> None:
    """Conflict for a role of another account than the broker's, which is its callers': nothing can be denied there."""
    account = Role("", role_arn).account
    if account != cause.origin.caller.account:
        raise Conflict(
            f"The role lies in account {account}, where the broker can deny nothing: revoke its sessions there."
        )


def _whole_second(at: datetime) -> datetime:
    """The end of the second: `aws:TokenIssueTime` has no fractions, so AWS cannot cut within one."""
    return at.replace(microsecond=0) + timedelta(seconds=1)
