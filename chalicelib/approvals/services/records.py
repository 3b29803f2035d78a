"""The audit events of asking and approving: every step of a request and its grant is told, joined by one id."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.events import AuditEvent, Origin
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.domain.requests import Decision, Request
    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.refusals import RefusalRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecords:
    """Makes events; refusals it also writes, because they change no row."""

    refusals: RefusalRecorder
    clock: Clock
    new_id: NewId

    def refused(
        self,
        refusal: BrokerError,
        action: str,
        role: str,
        origin: Origin,
        detail: Mapping[str, Any],
        *,
        decision: Mapping[str, Any] | None = None,
    ) -> BrokerError:
        """The same refusal, once it is on record."""
        return self.refusals.record(refusal, origin, role=role, detail={"action": action, **detail}, decision=decision)

    def filed(self, request: Request, origin: Origin, decision: Mapping[str, Any] | None = None) -> AuditEvent:
        """The `request` event; it has the request's own id."""
        return AuditEvent(
            id=request.id,
            type="request",
            at=request.filed_at,
            origin=origin,
            role=request.role,
            reason=request.reason,
            policies=(request.policy,),
            detail={
                **_whose(request),
                "approvals": request.approvals,
                "duration_seconds": request.duration_seconds,
                "not_before": rfc3339(request.not_before) if request.not_before else None,
                "answer_by": rfc3339(request.answer_by),
                **({"together": list(request.together)} if request.together else {}),
            },
            decision=decision or {},
        )

    def decided(
        self, request: Request, decision: Decision, grant: Grant | None, rules: tuple[str, ...], origin: Origin
    ) -> AuditEvent:
        """The `decide` event; the one that completes the approvals also tells the grant."""
        detail: dict[str, Any] = {
            "decision": decision.decision,
            "state": request.state,
            "approved_by": list(request.approvers),
            "approvals": request.approvals,
        }
        if grant:
            detail["grant"] = {"id": grant.id, "starts_at": rfc3339(grant.starts_at), "until": rfc3339(grant.until)}
        event = self._event("decide", request, decision.at, origin, decision.comment, **detail)
        return replace(event, policies=rules)

    def cancelled(self, request: Request, comment: str, origin: Origin) -> AuditEvent:
        """The `cancel` event."""
        return self._event("cancel", request, request.settled_at or request.filed_at, origin, comment)

    def expired(self, request: Request) -> AuditEvent:
        """The `expire` event of a request without an answer. It has no actor, so it carries the requester."""
        return self._event("expire", request, request.answer_by, _of_requester(request), request.reason)

    def ended(self, request: Request, grant: Grant, reason: str, origin: Origin) -> AuditEvent:
        """The `end` event of a grant that was given or taken back before its time."""
        at = grant.ended_at or grant.until
        return self._event("end", request, at, origin, reason, until=rfc3339(grant.until))

    def ran_out(self, request: Request, grant: Grant) -> AuditEvent:
        """The `expire` event of a grant."""
        times = {"id": grant.id, "starts_at": rfc3339(grant.starts_at), "until": rfc3339(grant.until)}
        return self._event("expire", request, grant.until, _of_requester(request), request.reason, grant=times)

    def _event(
        self, kind: str, request: Request, at: datetime, origin: Origin, words: str, **detail: object
    ) -> AuditEvent:
        told = {**_whose(request), **detail}
        return AuditEvent(self.new_id(at), kind, at, origin, role=request.role, reason=words, detail=told)


def _of_requester(request: Request) -> Origin:
    return Origin(request.requester, policy_set=request.policy_set)


def _whose(request: Request) -> dict[str, Any]:
    """The fields that link the events of one request. If a program filed it for a person, both are named."""
    joined = {"request": request.id, "for": request.caller}
    return {**joined, "asked_by": request.asked_by} if request.asked_by else joined
