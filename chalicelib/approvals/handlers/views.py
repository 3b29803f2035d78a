"""How requests and grants are shown: over HTTP, and to webhooks that others run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.approvals.domain.grants import granted
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.domain.requests import Decision, Request
    from chalicelib.approvals.services.eligible_approvers import Eligible


def request_document(
    request: Request, now: datetime, grant: Grant | None = None, eligible: Eligible | None = None
) -> dict[str, Any]:
    """A request; with `grant` and `eligible` if this one request was asked for."""
    promised = granted(request) if request.state == "approved" else None
    document: dict[str, Any] = {
        "id": request.id,
        "state": request.state_at(now),
        "caller": request.caller,
        "asked_by": request.asked_by or None,
        "role": request.role,
        "together": list(request.together),
        "reason": request.reason,
        "duration_seconds": request.duration_seconds,
        "not_before": _instant(request.not_before),
        "approvals": request.approvals,
        "decisions": [_decision(one) for one in request.decisions],
        "policy": request.policy,
        "filed_at": rfc3339(request.filed_at),
        "answer_by": rfc3339(request.answer_by),
        "settled_at": _instant(request.answer_by if request.overdue(now) else request.settled_at),
        "starts_at": _instant(promised.starts_at if promised else None),
        "until": _instant(promised.until if promised else None),
        "usable_until": _instant(promised.usable_until if promised else None),
    }
    if eligible:
        document["approvers"] = {"groups": list(eligible.groups), "enough": eligible.enough}
    return {**document, "grant": grant_document(grant, now)} if grant else document


def grant_document(grant: Grant, now: datetime) -> dict[str, Any]:
    """A grant; it has its request's id."""
    return {
        "id": grant.id,
        "caller": grant.caller,
        "role": grant.role,
        "state": grant.state(now),
        "starts_at": rfc3339(grant.starts_at),
        "until": rfc3339(grant.until),
        "usable_until": rfc3339(grant.usable_until),
        "ended_at": _instant(grant.ended_at),
        "ended_by": grant.ended_by or None,
        "approvers": list(grant.approvers),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "by": decision.by,
        "at": rfc3339(decision.at),
        "comment": decision.comment,
        "via": decision.via or "api",
    }


def _instant(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
