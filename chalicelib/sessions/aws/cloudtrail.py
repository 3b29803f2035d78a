"""CloudTrail's event history: the AWS calls of sessions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import cursors
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.errors import RefusedByAws
from chalicelib.sessions.domain.activity import ActivityPage, call, made_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_cloudtrail.type_defs import EventTypeDef, LookupEventsRequestTypeDef, LookupEventsResponseTypeDef

    from chalicelib.sessions.domain.activity import Call, Traced

LOOKUPS = 4
"""LookupEvents calls for one page: the service answers two a second for all callers of account and region."""

DENIED = frozenset({"AccessDenied", "AccessDeniedException"})

BEFORE = timedelta(minutes=1)
"""Event times are whole seconds and clocks differ: looked for from a little before the session was issued."""


class CloudTrailActivity:
    """LookupEvents by user name, which for a role session is its RoleSessionName.

    docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html:
    management events of the last 90 days of one region, newest first, 50 a call.
    """

    def __init__(self, clients: Mapping[str, CloudTrailClient]) -> None:
        """A client per region, in the order in which the regions are looked up."""
        self._clients = clients

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that are looked up, in this order, and no others."""
        return tuple(self._clients)

    def page(self, session: Traced, cursor: str | None) -> ActivityPage:
        """Calls of the session in order of time; pages go back in time, region after region.

        A region that AWS denies is named, and the others are looked up. RefusedByAws if all are denied.
        """
        calls: dict[str, Call] = {}
        denied: list[str] = []
        region, token = self._decoded(cursor) if cursor else (self.regions[0], None)
        for _ in range(LOOKUPS):
            answer = self._lookup_if_allowed(session, region, token, denied)
            # By id: the embedded AWS answers in every region what it has of all.
            calls |= {found.id: found for event in answer["Events"] if (found := _call(session, event))}
            token = answer.get("NextToken")
            region = region if token else self._after(region)
            if not region:
                return ActivityPage(_in_order(calls), None, tuple(denied))
        return ActivityPage(_in_order(calls), cursors.encoded([region, token]), tuple(denied))

    def _lookup_if_allowed(
        self, session: Traced, region: str, token: str | None, denied: list[str]
    ) -> Mapping[str, Any]:
        """The answer, or nothing from a region that a policy of the organisation may deny."""
        try:
            return self._lookup(session, region, token)
        except RefusedByAws as refusal:
            if refusal.aws_code not in DENIED or len(denied) + 1 == len(self.regions):
                raise
            denied.append(region)
            return {"Events": []}

    def _lookup(self, session: Traced, region: str, token: str | None) -> LookupEventsResponseTypeDef:
        query: LookupEventsRequestTypeDef = {
            "LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": session.session_name}],
            "StartTime": session.issued_at - BEFORE,
            "EndTime": session.expires_at,
        }
        if token:
            query["NextToken"] = token
        try:
            return self._clients[region].lookup_events(**query)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "InvalidNextTokenException":
                raise cursors.bad_cursor() from error
            raise translated(error, f"to look up the session's activity in {region}") from error

    def _after(self, region: str) -> str:
        """The next region to look at; empty after the last one."""
        return next(iter(self.regions[self.regions.index(region) + 1 :]), "")

    def _decoded(self, cursor: str) -> tuple[str, str | None]:
        match cursors.decoded(cursor):
            case [str() as region, None | str() as token] if region in self._clients:
                return region, token
            case _:
                raise cursors.bad_cursor()


def _in_order(calls: Mapping[str, Call]) -> tuple[Call, ...]:
    return tuple(sorted(calls.values(), key=lambda one: (one.at, one.id)))


def _call(session: Traced, event: EventTypeDef) -> Call | None:
    record = json.loads(event["CloudTrailEvent"])
    resources = tuple(one["ResourceName"] for one in event.get("Resources", ()) if one.get("ResourceName"))
    return call(record, resources) if made_by(session, record) else None
