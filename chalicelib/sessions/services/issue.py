"""Issuing role sessions: decide, record and assume in parallel, hand out only when both succeeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.access.domain.admission import Evidence, admit
from chalicelib.access.domain.facts import Suspended
from chalicelib.approvals.domain.grants import enter, not_begun
from chalicelib.core.domain.errors import (
    ApprovalRequired,
    BrokerError,
    Conflict,
    InvalidRequest,
    NoSuchRole,
    NotFound,
    Refused,
    TermUnmet,
)
from chalicelib.sessions.domain.issuance import CredentialsAsk, ask_of, event_of, session_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from datetime import datetime
    from typing import Protocol

    from chalicelib.access.domain.admission import Admission
    from chalicelib.access.domain.rules import AccessRules, Ask
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.services.stores import Grants
    from chalicelib.core.domain.events import AuditEvent, Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.sessions import Credentials, Session, SessionSettings
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


CLOSED = (TermUnmet, InvalidRequest)
"""The rule would admit the caller on terms that a grant may meet, or whose grant leads to another rule."""


class AccountNotServed(Conflict):
    """The role would be the caller's, but its account is out of the broker's reach: no revocation could end it."""


NOT_SERVED = "Account {0} cannot be served now: {1}. An administrator sees more with broker accounts"
QUARANTINED = "Role {0} is quarantined as unused: ask an administrator to run broker roles restore {0}"


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
            raise NoSuchRole
        ask = seen.ask = ask_of(wanted, role, origin, now)
        admission, grant = self._admit(ask, seen)
        seen.allowed_by(admission.door)
        if role.quarantined:
            raise Quarantined(QUARANTINED.format(role.name))
        if role.home is not None and not role.home.served:
            raise AccountNotServed(NOT_SERVED.format(role.home.shown, role.home.state))
        if role.home is not None and not role.unique_id:
            raise AccountNotServed(f"It is not known which role {role.name} is: have its template applied again.")
        session = session_of(
            wanted, ask, admission, grant, session_id=self.new_id(ask.at), policy_set=origin.policy_set
        )
        issued = event_of("issue", session, origin, session.id, decision=seen.told(self.rules))
        settings = settings_of(session, wanted, role, self.deployment)
        return session, self._record_and_assume(session, issued, settings, confirm)

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
            failed = event_of("issue_failed", session, issued.origin, self.new_id(self.clock()), detail={"code": code})
            self.sessions.mark_failed(session, failed)
            raise
        finally:
            recorded.exception()
        recorded.result()
        return credentials
