"""The table of approvals: asking, deciding, giving back."""

from typing import Literal

from chalicelib.approvals.domain.requests import STATES
from chalicelib.approvals.handlers import requests
from chalicelib.approvals.handlers.bodies import CommentBody, RequestBody
from chalicelib.contract.answers import approvals as answers
from chalicelib.contract.openapi.operations import Operation
from chalicelib.contract.openapi.parameters import IDEMPOTENT, ReasonText, paged

OPERATIONS = (
    Operation(
        id="fileRequest",
        route="POST /v1/requests",
        summary="Ask for a role that others must agree to.",
        body=RequestBody,
        headers=IDEMPOTENT,
        answers={201: answers.Request},
        errors=(404, 409),
    ),
    Operation(
        id="listRequests",
        route="GET /v1/requests",
        summary="List requests: one's own, and those one may decide on.",
        query=paged(requests.FILTERS, state=Literal[STATES]),
        answers={200: answers.RequestPage},
    ),
    Operation(
        id="showRequest",
        route="GET /v1/requests/{request_id}",
        summary="Show one request, with its grant once there is one.",
        answers={200: answers.Request},
        errors=(404,),
    ),
    *(
        Operation(
            id=f"{word}Request",
            route=f"POST /v1/requests/{{request_id}}/{word}",
            summary=summary,
            body=CommentBody,
            body_required=False,
            answers={200: answers.Request},
            errors=(404, 409),
        )
        for word, summary in (
            ("approve", "Approve the request of another person."),
            ("deny", "Deny the request of another person."),
            ("cancel", "Take back a request of one's own."),
        )
    ),
    Operation(
        id="endGrant",
        route="DELETE /v1/grants/{grant_id}",
        summary="End a grant and those of its sessions that nothing else covers.",
        query={"reason": ReasonText},
        answers={200: answers.Grant},
        errors=(404, 409),
    ),
)
