"""Issuing role sessions: decide, record and assume in parallel, hand out only when both succeeded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.access.domain.admission import Evidence, admit
from chalicelib.access.domain.facts import Suspended
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.grants import asked_by_tag, enter, not_begun, session_seconds
from chalicelib.core.domain.callers import role_session_name, source_identity
from chalicelib.core.domain.errors import (
    ApprovalRequired,
    BrokerError,
    Conflict,
    InvalidRequest,
    MfaRequired,
    NotFound,
    ReasonRequired,
    Refused,
)
from chalicelib.core.domain.events import AuditEvent
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, SESSION_TAG, external_id
from chalicelib.core.domain.sessions import Session, SessionSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.domain.admission import Admission
    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.services.stores import Grants
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.sessions import Credentials
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.refusals import RefusalRecorder

    class SessionLog(Protocol):
        """Session rows. Each write carries the audit event it makes (the row is the outbox)."""

        def record(self, session: Session, event: AuditEvent) -> None:
            """Write a new row; AuditUnavailable unless it is durable."""
            ...

        def mark_failed(self, session: Session, event: AuditEvent) -> None:
            """Say that AssumeRole was refused: no credentials exist for this row."""
            ...

    class RoleSessions(Protocol):
        """STS."""

        def assume(self, settings: SessionSettings) -> Credentials:
            """AssumeRole; RefusedByAws or AwsUnavailable with AWS's code."""
            ...


def _confirmed() -> None:
    """Confirm a caller who was read for this request."""


class Quarantined(Conflict):
    """The role would be the caller's, but clean-up has put it in quarantine."""


CLOSED = (ApprovalRequired, ReasonRequired, MfaRequired, InvalidRequest)
"""The rule would admit the caller on terms that a grant may meet, or whose grant leads to another rule."""


class AccountNotServed(Conflict):
    """The role would be the caller's, but its account is out of the broker's reach: no revocation could end it."""


NOT_SERVED = "Account {0} cannot be served now: {1}. An administrator sees more with broker accounts"
QUARANTINED = "Role {0} is quarantined as unused: ask an administrator to run broker roles restore {0}"


@dataclass(frozen=True, slots=True)
class CredentialsAsk:
    """A request for credentials, already validated in form."""

    role: str
    duration_seconds: int | None = None
    reason: str = ""
    policy: Mapping[str, Any] | None = None
    policy_arns: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["credentials", "console"] = "credentials"
    break_glass: bool = False

    @property
    def action(self) -> str:
        """The action of the policy schema that decides."""
        if self.break_glass:
            return "BreakGlass"
        return "OpenConsole" if self.kind == "console" else "TakeCredentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionIssuer:
    """The product's main job. `deployment` enters every external id; `row_writer` runs the row's write."""

    deployment: str
    rules: AccessRules
    catalogue: Catalogue
    grants: Grants
    sessions: SessionLog
    refusals: RefusalRecorder
    sts: RoleSessions
    row_writer: Executor
    clock: Clock
    new_id: NewId

    def issue(
        self, wanted: CredentialsAsk, origin: Origin, confirm: Callable[[], object] = _confirmed
    ) -> tuple[Session, Credentials]:
        """Decide, record, assume. Every outcome but bad input leaves exactly one event.

        The origin may be a guess: nothing leaves, no refusal either, before
        `confirm` has returned. Where it raises FactsChanged, decide again.
        Raises NotFound (also for roles the caller may not see), Refused and its
        kin, Quarantined, AccountNotServed, FactsChanged, AuditUnavailable, RefusedByAws, AwsUnavailable.
        """
        now, seen = self.clock(), Evidence()
        try:
            return self._issue(wanted, origin, now, confirm, seen)
        except InvalidRequest:
            confirm()
            raise
        except (Refused, NotFound, Quarantined, AccountNotServed) as refusal:
            raise self._refused(self._confirmed(refusal, confirm, seen), wanted, origin, now, seen) from None

    def _issue(
        self, wanted: CredentialsAsk, origin: Origin, now: datetime, confirm: Callable[[], object], seen: Evidence
    ) -> tuple[Session, Credentials]:
        role = self.catalogue.get(wanted.role)
        if role is None:
            raise NotFound(f"There is no role {wanted.role}.")
        ask = seen.ask = _ask(wanted, role, origin, now)
        admission, grant = self._admit(ask, seen)
        seen.allowed_by(admission.door)
        if role.quarantined:
            raise Quarantined(QUARANTINED.format(role.name))
        if role.home is not None and not role.home.served:
            raise AccountNotServed(NOT_SERVED.format(role.home.shown, role.home.state))
        if role.home is not None and not role.unique_id:
            raise AccountNotServed(f"It is not known which role {role.name} is: have its template applied again.")
        session = self._session(wanted, ask, admission, grant, origin)
        issued = _event("issue", session, origin, session.id, decision=seen.told(self.rules))
        return session, self._record_and_assume(session, issued, self._settings(session, wanted, role), confirm)

    def _admit(self, ask: Ask, seen: Evidence) -> tuple[Admission, Grant | None]:
        """The rule that admits the caller, and the grant where the rule asks for approvals.

        The caller's grants are read only if no rule admits without them.
        Break-glass never uses a grant.
        """
        try:
            return admit(self.rules, ask), None
        except (Refused, NotFound, InvalidRequest) as closed:
            seen.refused_by(closed)
            if ask.action == "BreakGlass" or not isinstance(closed, CLOSED):
                raise
            return self._under_grant(ask, closed, seen)

    def _under_grant(self, ask: Ask, closed: BrokerError, seen: Evidence) -> tuple[Admission, Grant]:
        """The same with the caller's grants."""
        held = tuple(self.grants.held(ask.caller.unique_id, ask.role.name, ask.at))
        seen.grants = tuple((grant.approvals, bool(grant.reason)) for grant in held if grant.covers(ask.at))
        if entered := enter(self.rules, ask, held):
            return entered
        ahead = not_begun(held, ask.at) if isinstance(closed, ApprovalRequired) and not seen.grants else None
        raise ahead or closed

    def _confirmed(self, refusal: BrokerError, confirm: Callable[[], object], seen: Evidence) -> BrokerError:
        """The refusal, once the guess behind it is confirmed; a suspension refuses whatever the rules said."""
        try:
            confirm()
        except Suspended as suspended:
            seen.outcome = ""
            return suspended
        return refusal

    def _refused(
        self, refusal: BrokerError, wanted: CredentialsAsk, origin: Origin, now: datetime, seen: Evidence
    ) -> BrokerError:
        """The refusal, once it is on record."""
        return self.refusals.record(
            refusal,
            origin,
            role=wanted.role,
            reason=wanted.reason,
            detail={"quarantined": True} if isinstance(refusal, Quarantined) else {},
            decision=seen.told(self.rules),
            at=now,
        )

    def _session(
        self, wanted: CredentialsAsk, ask: Ask, admission: Admission, grant: Grant | None, origin: Origin
    ) -> Session:
        session_id = self.new_id(ask.at)
        caller, role, now = ask.caller, ask.role, ask.at
        seconds = wanted.duration_seconds or admission.max_seconds
        if grant:
            seconds = session_seconds(grant, seconds, now)
        return Session(
            id=session_id,
            caller=caller.name,
            caller_id=caller.unique_id,
            caller_arn=caller.arn,
            role=role.name,
            role_arn=role.arn,
            session_name=role_session_name(caller, session_id),
            source_identity=source_identity(caller),
            issued_at=now,
            expires_at=now + timedelta(seconds=seconds),
            reason=wanted.reason or (grant.reason if grant else ""),
            policies=(admission.door.policy,),
            policy_set=origin.policy_set,
            kind=wanted.kind,
            grant=grant.id if grant else "",
            asked_by=grant.asked_by if grant else "",
            break_glass=wanted.break_glass,
        )

    def _record_and_assume(
        self, session: Session, issued: AuditEvent, settings: SessionSettings, confirm: Callable[[], object]
    ) -> Credentials:
        """Write the row beside AssumeRole; nothing leaves unless both succeeded.

        It always waits for the row. A row without credentials is marked failed,
        credentials without a row are dropped, and no write is under way when
        Lambda freezes the container.
        """
        recorded = self.row_writer.submit(self.sessions.record, session, issued)
        try:
            credentials = self.sts.assume(settings)
            recorded.exception()
            confirm()  # after the row is written: a suspension that this read does not see finds the row
        except Exception as failure:
            recorded.result()
            code = failure.code if isinstance(failure, BrokerError) else BrokerError.code
            failed = _event("issue_failed", session, issued.origin, self.new_id(self.clock()), detail={"code": code})
            self.sessions.mark_failed(session, failed)
            raise
        finally:
            recorded.exception()
        recorded.result()
        return credentials

    def _settings(self, session: Session, wanted: CredentialsAsk, role: Role) -> SessionSettings:
        return SessionSettings(
            role_arn=session.role_arn,
            session_name=session.session_name,
            source_identity=session.source_identity,
            external_id=external_id(self.deployment, session.role_arn),
            duration_seconds=round((session.expires_at - session.issued_at).total_seconds()),
            tags={**wanted.tags, **asked_by_tag(session.asked_by), SESSION_TAG: session.id},
            policy=wanted.policy,
            policy_arns=wanted.policy_arns,
            role_id=role.unique_id,
        )


def _ask(wanted: CredentialsAsk, role: Role, origin: Origin, now: datetime) -> Ask:
    return Ask.of(
        wanted.action,
        origin,
        role,
        now,
        duration_seconds=wanted.duration_seconds or MAX_CHAINED_SECONDS,
        duration_given=wanted.duration_seconds is not None,
        reason_given=bool(wanted.reason),
        session_policy_given=wanted.policy is not None or bool(wanted.policy_arns),
        session_tags=tuple(sorted(wanted.tags)),
    )


def _event(
    kind: str,
    session: Session,
    origin: Origin,
    event_id: str,
    *,
    detail: Mapping[str, Any] | None = None,
    decision: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """The audit event of a session: its `issue` event has the session's own id."""
    return AuditEvent(
        id=event_id,
        type=kind,
        at=session.issued_at,
        origin=origin,
        role=session.role,
        session=session.id,
        reason=session.reason,
        policies=session.policies,
        detail={
            "kind": session.kind,
            "session_name": session.session_name,
            "source_identity": session.source_identity,
            "expires_at": session.expires_at.isoformat(),
            **_bound(session),
            **(detail or {}),
        },
        decision=decision or {},
    )


def _bound(session: Session) -> dict[str, Any]:
    """Links the event to its approval request and marks break-glass. A grant has its request's id."""
    told: dict[str, Any] = {"break_glass": True} if session.break_glass else {}
    if session.grant:
        told |= {"request": session.grant, "grant": session.grant}
    return {**told, "asked_by": session.asked_by} if session.asked_by else told
