"""The table of records: sessions, what they did, taking them back, the audit log."""

from typing import Literal

from chalicelib.audit.handlers import read
from chalicelib.contract.answers import records as answers
from chalicelib.contract.openapi.operations import Operation
from chalicelib.contract.openapi.parameters import Cursor, ReasonText, filtered, paged
from chalicelib.core.domain.events import TYPES
from chalicelib.sessions.handlers import sessions
from chalicelib.sessions.handlers.reviews import ReviewBody
from chalicelib.sessions.handlers.revocations import RevocationBody

OPERATIONS = (
    Operation(
        id="listSessions",
        route="GET /v1/sessions",
        summary="List sessions, newest first.",
        query=paged(sessions.FILTERS, state=Literal[sessions.STATES], review=Literal[sessions.REVIEWS]),
        answers={200: answers.SessionPage},
        errors=(404,),
    ),
    Operation(
        id="countActiveSessions",
        route="GET /v1/sessions/active",
        summary="Count the sessions that are alive.",
        query=filtered(("caller", "role")),
        answers={200: answers.ActiveSessions},
    ),
    Operation(
        id="showSession",
        route="GET /v1/sessions/{session_id}",
        summary="Show one session.",
        answers={200: answers.SessionLater},
        errors=(404,),
    ),
    Operation(
        id="showActivity",
        route="GET /v1/sessions/{session_id}/activity",
        summary="Show what a session did, as CloudTrail tells it.",
        query={"cursor": Cursor},
        answers={200: answers.Activity},
        errors=(404,),
    ),
    Operation(
        id="reviewSession",
        route="POST /v1/sessions/{session_id}/review",
        summary="Sign off a session behind broken glass, saying what was found.",
        body=ReviewBody,
        answers={200: answers.SessionLater},
        errors=(404, 409),
    ),
    Operation(
        id="revokeSession",
        route="DELETE /v1/sessions/{session_id}",
        summary="Revoke one session; its credentials stop working within seconds to minutes.",
        query={"reason": ReasonText},
        answers={200: answers.EndedSession},
        errors=(404, 409),
    ),
    Operation(
        id="revoke",
        route="POST /v1/revocations",
        summary="Revoke one session, one caller everywhere, or one role.",
        body=RevocationBody,
        answers={200: answers.Revoked},
        errors=(404, 409),
    ),
    Operation(
        id="readAudit",
        route="GET /v1/audit",
        summary="Read the audit log, oldest first; the last day unless told otherwise.",
        query=paged(read.FILTERS, type=Literal[tuple(sorted(TYPES))]),
        answers={200: answers.AuditPage},
        errors=(404,),
    ),
    Operation(
        id="showAuditHead",
        route="GET /v1/audit/head",
        summary="Show the end of the audit log's hash chain.",
        answers={200: answers.AuditHead},
    ),
)
