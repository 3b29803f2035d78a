"""A request for credentials, and its values: the question to the rules, the session, its event, the call of STS."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.grants import asked_by_tag, session_seconds
from chalicelib.core.domain.callers import role_session_name, source_identity
from chalicelib.core.domain.events import AuditEvent
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS, SESSION_TAG, external_id
from chalicelib.core.domain.sessions import Session, SessionSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chalicelib.access.domain.admission import Admission
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role


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


def ask_of(wanted: CredentialsAsk, role: Role, origin: Origin, now: datetime) -> Ask:
    """The question to the access rules."""
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


def session_of(
    wanted: CredentialsAsk, ask: Ask, admission: Admission, grant: Grant | None, *, session_id: str, policy_set: str
) -> Session:
    """The session that the rule, and the grant if there is one, let the caller have."""
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
        policy_set=policy_set,
        kind=wanted.kind,
        grant=grant.id if grant else "",
        asked_by=grant.asked_by if grant else "",
        break_glass=wanted.break_glass,
    )


def settings_of(session: Session, wanted: CredentialsAsk, role: Role, deployment: str) -> SessionSettings:
    """The parameters of AssumeRole. The deployment enters the external id."""
    return SessionSettings(
        role_arn=session.role_arn,
        session_name=session.session_name,
        source_identity=session.source_identity,
        external_id=external_id(deployment, session.role_arn),
        duration_seconds=round((session.expires_at - session.issued_at).total_seconds()),
        tags={**wanted.tags, **asked_by_tag(session.asked_by), SESSION_TAG: session.id},
        policy=wanted.policy,
        policy_arns=wanted.policy_arns,
        role_id=role.unique_id,
    )


def event_of(
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
