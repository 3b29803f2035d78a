"""Signs of life of a role in the table, and what was applied to it."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.aws.catalogue import PARTITION
from chalicelib.approvals.domain.grants import REACH, Grant
from chalicelib.approvals.domain.requests import Request
from chalicelib.cleanup.domain.facts import Signs
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.aws.index_queries import newest_first
from chalicelib.core.aws.journal import MISSED
from chalicelib.core.domain import ids
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS
from chalicelib.core.domain.sessions import Session
from chalicelib.core.domain.times import from_rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

CLEANUPS_OWN = frozenset(
    {"quarantine_role", "quarantine_role_failed", "release_role", "release_role_failed", "delete_role_failed"}
)
"""Changes of the catalogue's row that are no sign of use: clean-up makes them itself."""

LONGEST = timedelta(seconds=MAX_CHAINED_SECONDS)

Row = TypeVar("Row", Session, Request, Grant)


class TableSigns:
    """Queries of the index by role, and the catalogue's row."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def of(self, role: str, now: datetime) -> Signs:
        """Signs of use in sessions, grants, requests and changes at this moment."""
        session, request = self._latest(role, Session), self._latest(role, Request)
        asked = (request.filed_at if request else None, self._missed(role))
        alive = (one.id for one in self._recent(role, Session, now - LONGEST) if one.state(now) == "active")
        open_ = (one.id for one in self._recent(role, Grant, now - REACH) if one.ended_at is None and one.until > now)
        waiting = (one.id for one in self._recent(role, Request, now - REACH) if one.state_at(now) == "pending")
        return Signs(
            active_session=next(alive, ""),
            active_grant=next(open_, ""),
            pending_request=next(waiting, ""),
            last_session_at=session.issued_at if session else None,
            last_request_at=max((at for at in asked if at), default=None),
            changed_at=self._changed(role),
        )

    def _latest(self, role: str, kind: type[Row]) -> Row | None:
        """The newest of all, whatever became of it: asking is a sign of life, too."""
        return next(self._newest(role, kind), None)

    def _recent(self, role: str, kind: type[Row], since: datetime) -> Iterator[Row]:
        """Rows recent enough to matter, newest first."""
        oldest = ids.earliest(since)
        return takewhile(lambda one: one.id >= oldest, self._newest(role, kind))

    def _newest(self, role: str, kind: type[Row]) -> Iterator[Row]:
        found = newest_first(self._dynamodb, self._table, "by-role", f"{kind.__name__.upper()}#{role}")
        return (msgspec.convert(row, kind) for row in found)

    def _missed(self, role: str) -> datetime | None:
        """Time of the last ask that was refused because the role is quarantined."""
        row = next(newest_first(self._dynamodb, self._table, "by-role", f"{MISSED}#{role}"), None)
        return from_rfc3339(json.loads(row["event"])["at"]) if row else None

    def _changed(self, role: str) -> datetime | None:
        row = rows.get(self._dynamodb, self._table, PARTITION, role)
        event = json.loads(row["event"]) if row and "event" in row else None
        if event is None or event["detail"].get("action") in CLEANUPS_OWN:
            return None
        return from_rfc3339(event["at"])


class TableApplied:
    """The catalogue's rows of all accounts."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def fingerprints(self) -> dict[str, dict[str, str]]:
        """Fingerprints of the roles as the provisioner made them, by name; empty if unknown."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :roles",
            ExpressionAttributeValues=rows.to_item({":roles": PARTITION}),
            ProjectionExpression="sk, fingerprint",
        )
        try:
            found = [rows.from_item(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "listing the roles") from error
        return {row["sk"]: row.get("fingerprint", {}) for row in found}
