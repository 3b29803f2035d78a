"""CloudTrail's event history: what sessions did."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws import cursors
from chalicelib.aws.clients import error_code, translated
from chalicelib.domain.activity import call, made_by
from chalicelib.domain.ports import Page

if TYPE_CHECKING:
    from chalicelib.domain.activity import Call
    from chalicelib.domain.sessions import Session

LOOKUPS = 4
"""LookupEvents calls for one page: the service answers two a second for all callers of account and region."""

BEFORE = timedelta(minutes=1)
"""Event times are whole seconds and clocks differ: looked for from a little before the session was issued."""


class CloudTrailActivity:
    """LookupEvents by user name, which for a role session is its RoleSessionName.

    docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html:
    management events of the last 90 days, newest first, 50 a call.
    """

    def __init__(self, client: Any) -> None:
        self._cloudtrail = client

    def page(self, session: Session, cursor: str | None) -> Page[Call]:
        """Calls of the session in order of time; pages go back in time."""
        calls: list[Call] = []
        token = _decoded(cursor)
        for _ in range(LOOKUPS):
            answer = self._lookup(session, token)
            calls += [found for event in answer["Events"] if (found := _call(session, event))]
            token = answer.get("NextToken")
            if not token:
                break
        return Page(tuple(sorted(calls, key=lambda one: (one.at, one.id))), _encoded(token))

    def _lookup(self, session: Session, token: str | None) -> dict[str, Any]:
        query: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": session.session_name}],
            "StartTime": session.issued_at - BEFORE,
            "EndTime": session.expires_at,
        }
        if token:
            query["NextToken"] = token
        try:
            answer: dict[str, Any] = self._cloudtrail.lookup_events(**query)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "InvalidNextTokenException":
                raise cursors.bad_cursor() from error
            raise translated(error, "to look up the session's activity") from error
        return answer


def _call(session: Session, event: dict[str, Any]) -> Call | None:
    record = json.loads(event["CloudTrailEvent"])
    resources = tuple(one["ResourceName"] for one in event.get("Resources", ()) if one.get("ResourceName"))
    return call(record, resources) if made_by(session, record) else None


def _encoded(token: str | None) -> str | None:
    return cursors.encoded(token) if token else None


def _decoded(cursor: str | None) -> str | None:
    token = cursors.decoded(cursor) if cursor else None
    if not isinstance(token, str | None):
        raise cursors.bad_cursor()
    return token
