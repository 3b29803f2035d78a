"""Issuing role sessions: decide, record and assume in parallel, hand out only when both succeeded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.access.domain.admission import admit, with_approvals
from chalicelib.access.domain.facts import Suspended
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.grants import asked_by_tag, longest, not_begun, session_seconds
from chalicelib.core.domain.callers import role_session_name, source_identity
from chalicelib.core.domain.errors import (
    ApprovalRequired,
    BrokerError,
    Conflict,
    InvalidRequest,
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
        kin, Quarantined, FactsChanged, AuditUnavailable, RefusedByAws, AwsUnavailable.
        """
        now = self.clock()
        try:
            return self._issue(wanted, origin, now, confirm)
        except InvalidRequest:
            confirm()
            raise
        except (Refused, NotFound, Quarantined) as refusal:
            raise self._refused(refusal, wanted, origin, now, confirm) from None

    def _issue(
        self, wanted: CredentialsAsk, origin: Origin, now: datetime, confirm: Callable[[], object]
    ) -> tuple[Session, Credentials]:
        role = self.catalogue.get(wanted.role)
        if role is None:
            raise NotFound(f"There is no role {wanted.role}.")
        ask = _ask(wanted, role, origin, now)
        admission, grant = self._admit(ask)
        if role.quarantined:
            raise Quarantined(QUARANTINED.format(role.name))
        session = self._session(wanted, ask, admission, grant, origin)
        return session, self._record_and_assume(session, wanted, origin, confirm)

    def _admit(self, ask: Ask) -> tuple[Admission, Grant | None]:
        """The rule that admits the caller, and the grant where the rule asks for approvals.

        The caller's grants are read only if no rule admits without them.
        Break-glass never uses a grant.
        """
        try:
            return admit(self.rules, ask), None
        except (ApprovalRequired, ReasonRequired, InvalidRequest) as closed:
            if ask.action == "BreakGlass":
                raise
            return self._under_grant(ask, closed)

    def _under_grant(self, ask: Ask, closed: BrokerError) -> tuple[Admission, Grant]:
        """The same with the caller's grants; the reason given to the approvers counts as given."""
        held = self.grants.held(ask.caller.unique_id, ask.role.name, ask.at)
        covering = [grant for grant in held if grant.covers(ask.at)]
        if not covering:
            raise (not_begun(held, ask.at) if isinstance(closed, ApprovalRequired) else None) or closed
        reasoned = ask.reason_given or any(grant.reason for grant in covering)
        admission = with_approvals(self.rules, replace(ask, reason_given=reasoned))
        grant = longest(covering, admission.door.terms.approvals, ask.at) if admission else None
        if admission is None or grant is None:
            raise closed
        return admission, grant

    def _refused(
        self,
        refusal: BrokerError,
        wanted: CredentialsAsk,
        origin: Origin,
        now: datetime,
        confirm: Callable[[], object],
    ) -> BrokerError:
        """The refusal, once the guess behind it is confirmed and it is on record."""
        try:
            confirm()
        except Suspended as suspended:
            refusal = suspended
        more = {"quarantined": True} if isinstance(refusal, Quarantined) else {}
        return self.refusals.record(refusal, origin, role=wanted.role, reason=wanted.reason, detail=more, at=now)

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
        self, session: Session, wanted: CredentialsAsk, origin: Origin, confirm: Callable[[], object]
    ) -> Credentials:
        """Write the row beside AssumeRole; nothing leaves unless both succeeded.

        It always waits for the row. A row without credentials is marked failed,
        credentials without a row are dropped, and no write is under way when
        Lambda freezes the container.
        """
        recorded = self.row_writer.submit(self.sessions.record, session, _event("issue", session, origin, session.id))
        try:
            credentials = self.sts.assume(self._settings(session, wanted))
            recorded.exception()
            confirm()  # after the row is written: a suspension that this read does not see finds the row
        except Exception as failure:
            recorded.result()
            code = failure.code if isinstance(failure, BrokerError) else BrokerError.code
            failed = _event("issue_failed", session, origin, self.new_id(self.clock()), {"code": code})
            self.sessions.mark_failed(session, failed)
            raise
        finally:
            recorded.exception()
        recorded.result()
        return credentials

    def _settings(self, session: Session, wanted: CredentialsAsk) -> SessionSettings:
        return SessionSettings(
            role_arn=session.role_arn,
            session_name=session.session_name,
            source_identity=session.source_identity,
            external_id=external_id(self.deployment, session.role_arn),
            duration_seconds=round((session.expires_at - session.issued_at).total_seconds()),
            tags={**wanted.tags, **asked_by_tag(session.asked_by), SESSION_TAG: session.id},
            policy=wanted.policy,
            policy_arns=wanted.policy_arns,
        )


def _ask(wanted: CredentialsAsk, role: Role, origin: Origin, now: datetime) -> Ask:
    return Ask(
        action=wanted.action,
        caller=origin.caller,
        role=role,
        at=now,
        source_ip=origin.source_ip,
        duration_seconds=wanted.duration_seconds or MAX_CHAINED_SECONDS,
        duration_given=wanted.duration_seconds is not None,
        reason_given=bool(wanted.reason),
        session_policy_given=wanted.policy is not None or bool(wanted.policy_arns),
        session_tags=tuple(sorted(wanted.tags)),
    )


def _event(
    kind: str, session: Session, origin: Origin, event_id: str, detail: Mapping[str, Any] | None = None
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
    )


def _bound(session: Session) -> dict[str, Any]:
    """Links the event to its approval request and marks break-glass. A grant has its request's id."""
    told: dict[str, Any] = {"break_glass": True} if session.break_glass else {}
    if session.grant:
        told |= {"request": session.grant, "grant": session.grant}
    return {**told, "asked_by": session.asked_by} if session.asked_by else told
