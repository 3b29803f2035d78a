"""CloudTrail records management events under the name of the real caller, refused calls included.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, request_scope
from ministack.core.router import detect_service, extract_access_key_id, extract_region
from ministack.services import cloudtrail

from localaws.parity.runtime.cloudtrail_event import Request, as_seen_by, event, owner_of_role
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

DATA_EVENTS = re.compile(
    r"s3:\w*Object\w*|s3:(AbortMultipartUpload|ListMultipartUploadParts)|lambda:Invoke\w*|execute-api:\w+"
    r"|dynamodb:((Batch|Transact)\w+Items?|(Get|Put|Update|Delete)Item|Query|Scan|PartiQL\w+|Get(Records|ShardIterator))"
    r"|sqs:(Send|Receive|Delete|ChangeMessageVisibility)\w*|sns:Publish\w*|cloudwatch:PutMetricData|events:PutEvents"
    r"|logs:(PutLogEvents|GetLogEvents|FilterLogEvents)"
)
REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}
NOT_AUTHENTICATED = (b"SignatureDoesNotMatch", b"InvalidClientTokenId", b"UnrecognizedClient", b"AuthFailure")


class Arrival(NamedTuple):
    """A request as ministack's dispatcher receives it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, Any]
    request_id: str


async def dispatch(original: Callable[..., Any], *request: Any) -> Any:
    """One request to a service, then its event."""
    response = await original(*request)
    arrival = Arrival(*request)
    action, resources = _asked(arrival)
    status, _, answer = response
    if action and _recorded(action, status, answer):
        told = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else ""
        access_key = extract_access_key_id(arrival.headers, arrival.query) or ""
        record(_request(arrival, action, status, told), access_key, resources)
    return response


def _asked(arrival: Arrival) -> tuple[str | None, list[dict[str, str]]]:
    """The IAM action of a request and the resources LookupEvents shows."""
    method, path, headers, body, query, _ = arrival
    params = app._routing_params(method, path, headers, body, query)
    service = detect_service(method, path, headers, params)
    action = iam_actions.extract_iam_action(service, method, path, headers, body, params)
    return action, app._ct_resources(service, method, path, body)


def _request(arrival: Arrival, action: str, status: int, answer: str) -> Request:
    return Request(
        event_id=str(uuid4()),
        request_id=arrival.request_id,
        time=datetime.now(UTC),
        action=action,
        region=extract_region(arrival.headers, arrival.query),
        source_ip=iam_evaluator._request_origin.get()[0],
        user_agent=arrival.headers.get("user-agent", ""),
        params=app._ct_request_params(arrival.headers, arrival.body, arrival.query),
        status=status,
        answer=answer,
    )


def record(request: Request, access_key: str, resources: list[dict[str, str]]) -> None:
    """Keep the event where ministack's LookupEvents finds it; a caller that is not known leaves none."""
    caller = iam_evaluator.resolve_credential(access_key, get_account_id())
    if isinstance(caller, iam_evaluator.CredentialResolutionError):
        return
    written = event(request, caller)
    _keep(written, request.time, caller.principal_arn.split(":")[-1].rsplit("/", 1)[-1], access_key, resources)
    owner = owner_of_role(request)
    if owner and owner != caller.account_id:
        with request_scope(owner, request.region):
            _keep(as_seen_by(written, owner), request.time, caller.principal_id, access_key, resources)


def _keep(
    written: dict[str, Any], time: datetime, username: str, access_key: str, resources: list[dict[str, str]]
) -> None:
    cloudtrail._get_event_queue().append(
        {
            "EventId": written["eventID"],
            "EventName": written["eventName"],
            "EventSource": written["eventSource"],
            "EventTime": time.timestamp(),
            "Username": username,
            "AccessKeyId": access_key,
            "ReadOnly": str(written["readOnly"]).lower(),
            "Resources": resources,
            "CloudTrailEvent": json.dumps(written),
        }
    )


def _recorded(action: str, status: int, answer: Any) -> bool:
    """True for an event of CloudTrail's event history: a management event of an authenticated caller."""
    if action.startswith("cloudtrail:") or DATA_EVENTS.fullmatch(action):
        return False
    forged = status in REFUSED and isinstance(answer, bytes) and any(code in answer for code in NOT_AUTHENTICATED)
    return not forged


def _not_by_ministack(_original: Callable[..., None], *_args: Any) -> None:
    """Replaces ministack's recorder, which knows neither sessions nor refusals."""


def install() -> None:
    """Record around the dispatcher instead of inside it."""
    around(app, "_dispatch_service_request", dispatch)
    around(app, "_maybe_record_cloudtrail", _not_by_ministack)
