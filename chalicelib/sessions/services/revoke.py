"""Revokes one session, one caller everywhere, or one role."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.access.services.rights import owns
from chalicelib.core.domain.callers import source_identity
from chalicelib.core.domain.errors import BrokerError, Conflict, NoSuchRole, NotFound, Refused
from chalicelib.core.domain.events import to_json
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, Role, split_role_name
from chalicelib.core.domain.sessions import Session, SessionFilter
from chalicelib.core.domain.times import rfc3339
from chalicelib.sessions.domain.revocation import DATED_WITHIN, whole_second
from chalicelib.sessions.domain.revocation_record import Cause, Revocation
from chalicelib.sessions.domain.revocation_room import Widening
from chalicelib.sessions.services.visibility import as_seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chalicelib.access.services.rights import Rights
    from chalicelib.core.domain.events import AuditEvent, Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.journal import Journal
    from chalicelib.core.services.provisioner import Provisioner
    from chalicelib.core.services.refusals import RefusalRecorder
    from chalicelib.sessions.domain.revocation_record import Scope
    from chalicelib.sessions.services.browse import Sessions

LOOKS = 2
"""The index lags its table a little: once all is ordered, it is asked again for what was issued just before."""

NO_ROOM = "The deny list of {role} had no room for single sessions (revocation {id}). Take new credentials."


@dataclass(slots=True)
class Ended:
    """The progress of one call: sessions that ended, and how far the entries of each role were widened."""

    sessions: dict[str, Session] = field(default_factory=dict)
    widened: defaultdict[str, list[Widening]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoker:
    """Decide, have the provision function deny it (the event rides in its list), then show it in the session rows.

    `home` is the id of the broker's own account.
    Sessions issued afterwards are for the access rules: nothing here is a ban.
    """

    home: str
    rights: Rights
    sessions: Sessions
    provisioner: Provisioner
    journal: Journal
    refusals: RefusalRecorder
    clock: Clock
    new_id: NewId

    def end_session(self, session_id: str, reason: str, origin: Origin) -> tuple[Session, Revocation]:
        """End one session; one that has ended already stays as it is.

        Where the role's policy has no room for it, others end with it: the
        answer says which. Raises NotFound, Refused, Conflict (a role of
        another account), and the errors of the provision function.
        """
        session = self.sessions.get(session_id)
        if session is None:
            raise NotFound(f"There is no session {session_id}.")
        own = session.source_identity if owns(origin, session) else ""
        try:
            cause = self._cause("session", session_id, session.role, reason, origin, own=own)
        except (Refused, NotFound) as refusal:
            sees = self.rights.sight(origin)(session)
            raise as_seen(refusal, f"There is no session {session_id}.", sees=sees) from None
        return self._end(session, cause)

    def end_with_grant(self, session: Session, reason: str, origin: Origin) -> None:
        """End a session whose grant ended: the right to end the grant (services/end_grant.py) is enough."""
        cause = self._cause("session", session.id, session.role, reason, origin, own=session.source_identity)
        self._end(session, cause)

    def _end(self, session: Session, cause: Cause) -> tuple[Session, Revocation]:
        ended = Ended()
        if session.state(cause.at - DATED_WITHIN) != "active":  # AWS may end it that much later than its row says
            return session, self._result(cause, ended, ())
        self._check_reach(session)
        entry = {"session": session.id, "expires_at": rfc3339(session.expires_at)}
        event = cause.revoked(cause.id, session.role, [session])
        self._order(cause, ended, "revoke_session", event, **entry, source_identity=session.source_identity)
        self._mark([session], cause.at)
        ended.sessions[session.id] = session
        self._end_widened(cause, ended)
        return replace(session, revoked_at=cause.at), self._result(cause, ended, [session.role])

    def end_caller(self, name: str, reason: str, origin: Origin) -> Revocation:
        """End every session of a caller, on every role; one role that fails does not spare the others.

        By name, as AWS's source identity is: sessions that a deleted namesake
        has left alive end as well.
        """
        own = source_identity(origin.caller) if name == origin.caller.name else ""
        cause = self._cause("caller", name, "", reason, origin, own=own)
        ended = self._end_every(cause, SessionFilter(caller=name), MAX_CHAINED_SECONDS, {})
        direct = tuple(self._assumed_directly_by(name))
        if not ended.sessions:
            self.journal.record(cause.revoked(cause.id, "", (), direct_roles=direct))
        return self._result(cause, ended, {session.role for session in ended.sessions.values()}, direct)

    def end_role(self, name: str, reason: str, origin: Origin) -> Revocation:
        """End every session of a role, those included that were not issued by the broker."""
        cause = self._cause("role", name, name, reason, origin, own="")
        role = self.rights.catalogue.get(name)
        if role is None:
            raise NoSuchRole
        self._check_reach(role)
        ended = self._end_every(cause, SessionFilter(role=role.name), role.max_session_seconds, {role.name: []})
        return self._result(cause, ended, [role.name])

    def _cause(self, scope: Scope, name: str, role: str, reason: str, origin: Origin, *, own: str) -> Cause:
        """The cause, if the caller may do this; a refusal is recorded before it is answered."""
        now = self.clock()
        cause = Cause(self.new_id(now), scope, name, reason, now, origin, own)
        if own:
            return cause
        try:
            return replace(cause, rules=self.rights.demand("Revoke", role, origin, reason))
        except (Refused, NotFound) as refusal:
            self._record_refusal(refusal, cause, role)
            raise

    def _record_refusal(self, refusal: BrokerError, cause: Cause, role: str) -> None:
        """Record a call that no rule allows."""
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
            if role.names(name):
                yield role.name

    def _end_every(
        self, cause: Cause, wanted: SessionFilter, longest: int, always: Mapping[str, list[Session]]
    ) -> Ended:
        """End `always` and what two looks find, role by role; no session lasts over `longest` seconds."""
        ended, due = Ended(), always
        for _ in range(LOOKS):
            failures = []
            for role, found in self._alive(cause, wanted, ended, due).items():
                try:
                    self._cut_off(cause, ended, role, found, timedelta(seconds=longest))
                except BrokerError as failure:
                    failures.append(failure)
            if failures:
                raise _all_told(failures)
            due = {}
        self._end_widened(cause, ended)
        return ended

    def _alive(
        self, cause: Cause, wanted: SessionFilter, ended: Ended, due: Mapping[str, list[Session]]
    ) -> dict[str, list[Session]]:
        """By role: what is `due`, and what was issued before the role's cut-off and is not ended yet."""
        now = self.clock() - DATED_WITHIN  # AWS may end a session that much later than its row says
        alive, before = wanted.alive(now), whole_second(cause.at)
        found = {role: {one.id: one for one in sessions} for role, sessions in due.items()}
        for session in self.sessions.every(alive, self.clock()):
            if session.issued_at < before and session.id not in ended.sessions and alive.matches(session, now):
                found.setdefault(session.role, {})[session.id] = session
        return {role: list(sessions.values()) for role, sessions in found.items()}

    def _cut_off(self, cause: Cause, ended: Ended, role: str, found: list[Session], longest: timedelta) -> None:
        """Have one role's sessions denied. AWS may date the youngest after the cut-off: they get their own entries."""
        for session in found:
            self._check_reach(session)
        cutoff = whole_second(cause.at)
        young = [session for session in found if session.issued_at + DATED_WITHIN > cutoff]
        event = cause.revoked(self.new_id(self.clock()), role, found, before=rfc3339(cutoff))
        entry: dict[str, Any] = {"before": rfc3339(cutoff), "until": rfc3339(cutoff + longest)}
        entry["sessions"] = {session.id: rfc3339(session.expires_at) for session in young}
        if cause.scope == "role":
            self._order(cause, ended, "revoke_role", event, **entry)
        else:
            self._order(cause, ended, "revoke_caller", event, **entry, source_identity=found[0].source_identity)
        self._mark(found, self.clock())
        ended.sessions |= {session.id: session for session in found}

    def _order(self, cause: Cause, ended: Ended, action: str, event: AuditEvent, **entry: object) -> None:
        """One order to the provision function (handlers/revocation_actions.py)."""
        order = {"action": action, "role": event.role, "event": to_json(event), "own": cause.own, **entry}
        for one in self.provisioner.order(order).get("widened", ()):
            before = datetime.fromisoformat(one["before"])
            ended.widened[event.role].append(Widening(one["source_identity"], before))

    def _end_widened(self, cause: Cause, ended: Ended) -> None:
        """Show in their rows what else has ended for lack of room, and record it."""
        for role, widened in ended.widened.items():
            because = NO_ROOM.format(role=role, id=cause.id)
            others: dict[str, Session] = {}
            for _ in range(LOOKS):
                now = self.clock()
                alive = SessionFilter(role=role).alive(now)
                known = {**ended.sessions, **others}
                for session in self.sessions.every(alive, now):
                    meant = session.id not in known and alive.matches(session, now)
                    if meant and any(one.covers(session.source_identity, session.id) for one in widened):
                        self.sessions.mark_revoked(session.id, now, because)
                        others[session.id] = session
            if others:
                documents = [one.document() for one in widened]
                self.journal.record(cause.revoked(self.new_id(self.clock()), role, others.values(), widened=documents))
            ended.sessions |= others

    def _result(self, cause: Cause, ended: Ended, roles: Iterable[str], direct: tuple[str, ...] = ()) -> Revocation:
        """The answer. It names only what the caller may see, since others may have ended with their sessions."""
        sessions = list(ended.sessions.values())
        if ended.widened and not cause.rules:
            sessions = list(filter(self.rights.sight(cause.origin), sessions))
        return Revocation(
            id=cause.id,
            scope=cause.scope,
            name=cause.name,
            reason=cause.reason,
            at=cause.at,
            roles=tuple(sorted(roles)),
            sessions=tuple(sorted(session.id for session in sessions)),
            direct_roles=direct,
            no_room=bool(ended.widened),
            widened=tuple(self._visible(cause, ended)),
        )

    def _visible(self, cause: Cause, ended: Ended) -> Iterable[Mapping[str, str]]:
        own = source_identity(cause.origin.caller)
        for role, widened in sorted(ended.widened.items()):
            sees_all = bool(cause.rules) or self.rights.may_read(role, cause.origin)
            for one in widened:
                if sees_all or one.names(own):
                    yield {"role": role, **one.document()}

    def _mark(self, sessions: list[Session], at: datetime) -> None:
        for session in sessions:
            self.sessions.mark_revoked(session.id, at)

    def _check_reach(self, of: Session | Role) -> None:
        """Conflict for a role of an account that is neither the broker's nor a member's."""
        name, arn = (of.role, of.role_arn) if isinstance(of, Session) else (of.name, of.arn)
        account = Role("", arn).account
        if account != (split_role_name(name)[0] or self.home):
            raise Conflict(
                f"The role lies in account {account}, where the broker can deny nothing: revoke its sessions there."
            )


def _all_told(failures: list[BrokerError]) -> BrokerError:
    """The last failure, with the sentences of all: each names the account or role that it is about."""
    failures[-1].detail = " ".join(dict.fromkeys(one.detail for one in failures))
    return failures[-1]
