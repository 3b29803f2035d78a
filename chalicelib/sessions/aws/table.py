"""Session rows, read: by id, and newest first by caller, role or day. Never a scan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.aws.rows import KEPT_DAYS
from chalicelib.core.domain import ids
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS
from chalicelib.core.domain.sessions import SessionFilter
from chalicelib.core.domain.times import rfc3339
from chalicelib.sessions.aws.session_log import session_from_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

    from chalicelib.core.domain.sessions import Session

READ_AT_MOST = 1000
"""Rows looked at for one page: what matches seldom comes in short pages, not in slow ones."""

DAYS_AT_MOST = 31
"""Day partitions looked at for one page: a query each, even where a day was quiet."""

PAGE = 100

LONGEST = timedelta(seconds=MAX_CHAINED_SECONDS)

SECOND = "%Y-%m-%dT%H:%M:%S"
"""How a row's times begin. Alone it sorts before all of its second, with `~` behind all of it."""

CLOCKS_APART = timedelta(minutes=1)
"""A session may carry a later time than the clock of the container that lists it."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Partitions of one index to read in order, from the id `high` down to `low`.

    `resume` is the bound at which days were left for another page, or None.
    """

    index: str
    attribute: str
    partitions: tuple[str, ...]
    low: str
    high: str
    resume: str | None = None


NOWHERE = Walk("by-caller", "caller_key", (), "", "")
"""The walk for bounds that leave nothing between them."""


class TableSessions:
    """Queries on the indexes; ids are ULIDs, so an instant is a bound and an id is a cursor."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def get(self, session_id: str) -> Session | None:
        """The session, read consistently, or None; what is no id is not looked for."""
        if not ids.FORM.fullmatch(session_id):
            return None
        row = rows.get(self._dynamodb, self._table, f"SESSION#{session_id}", "SESSION")
        return session_from_row(row) if row else None

    def page(
        self, wanted: SessionFilter, now: datetime, limit: int, cursor: str | None, matches: Callable[[Session], bool]
    ) -> Page[Session]:
        """Newest first. The cursor is the last id looked at, whether it matched or not."""
        walk = _walk(wanted, now, cursor)
        found: list[Session] = []
        for looked_at, session in enumerate(self._newest_first(walk, limit), start=1):
            if matches(session):
                found.append(session)
            if len(found) == limit or looked_at == READ_AT_MOST:
                return Page(tuple(found), session.id)
        return Page(tuple(found), walk.resume)

    def every(self, wanted: SessionFilter, now: datetime) -> Iterator[Session]:
        """Every session of the filter's caller, role and times (a month of days at most), newest first."""
        return self._newest_first(_walk(wanted, now, None), PAGE)

    def mark_revoked(self, session_id: str, at: datetime, because: str = "") -> None:
        """Say so in the row; the revocation list carried the event already."""
        update, values = "SET revoked_at = if_not_exists(revoked_at, :at)", {":at": rfc3339(at)}
        if because:
            update, values = f"{update}, revoked_because = :because", {**values, ":because": because}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=rows.key(f"SESSION#{session_id}", "SESSION"),
                UpdateExpression=update,
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=rows.to_item(values),
            )
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error

    def expired(self, after: datetime, until: datetime) -> Iterator[Session]:
        """Sessions whose time ran out after `after` and by `until`, whatever else ended them before.

        DynamoDB reads all that could have, and sends these: rows hold fractions
        of seconds or none, so it compares whole ones.
        """
        walk = _walk(SessionFilter(since=after - LONGEST, until=until), until, None)
        within = {":after": f"{after:{SECOND}}", ":until": f"{until:{SECOND}}~"}
        for page in self._pages(walk, within, FilterExpression="expires_at BETWEEN :after AND :until"):
            found = (session_from_row(rows.from_item(item)) for item in page["Items"])
            yield from (session for session in found if after < session.expires_at <= until)

    def alive(self, now: datetime) -> int:
        """How many sessions are active, to the second; none of them is sent."""
        walk = _walk(SessionFilter().alive(now), now, None)
        later = {":now": f"{now:{SECOND}}~", ":no": False}
        counted = "expires_at > :now AND failed = :no AND attribute_not_exists(revoked_at)"
        return sum(page["Count"] for page in self._pages(walk, later, FilterExpression=counted, Select="COUNT"))

    def _newest_first(self, walk: Walk, page_size: int) -> Iterator[Session]:
        """Rows as they are needed: a page of DynamoDB is read when the one before is used up."""
        for page in self._pages(walk, {}, PaginationConfig={"PageSize": page_size}):
            yield from (session_from_row(rows.from_item(item)) for item in page["Items"])

    def _pages(self, walk: Walk, values: Mapping[str, Any], **more: object) -> Iterator[QueryOutputTypeDef]:
        for partition in walk.partitions:
            bounds = {":partition": f"SESSION#{partition}", ":low": walk.low, ":high": walk.high}
            query: dict[str, Any] = {
                "TableName": self._table,
                "IndexName": walk.index,
                "KeyConditionExpression": "#partition = :partition AND #id BETWEEN :low AND :high",
                "ExpressionAttributeNames": {"#partition": walk.attribute, "#id": "id"},
                "ExpressionAttributeValues": rows.to_item({**bounds, **values}),
                "ScanIndexForward": False,
                **more,
            }
            try:
                yield from self._dynamodb.get_paginator("query").paginate(**query)
            except (ClientError, BotoCoreError) as error:
                raise translated(error, "listing the sessions") from error


def _walk(wanted: SessionFilter, now: datetime, cursor: str | None) -> Walk:
    """The index that is narrowest for the filter, and the bounds its times and the cursor set."""
    oldest, newest = now - timedelta(days=KEPT_DAYS), now + CLOCKS_APART
    since, until = max(wanted.since or oldest, oldest), min(wanted.until or newest, newest)
    if until <= since:
        return NOWHERE
    low, end = ids.earliest(since), ids.earliest(until)
    high = ids.before(min(cursor or end, end))
    if high < low:
        return NOWHERE
    if wanted.caller:
        return Walk("by-caller", "caller_key", (wanted.caller,), low, high)
    if wanted.role:
        return Walk("by-role", "role_key", (wanted.role,), low, high)
    days = _days(ids.instant(high), since)
    resume = ids.earliest(_midnight(days[DAYS_AT_MOST - 1])) if len(days) > DAYS_AT_MOST else None
    return Walk("by-group", "group_key", tuple(days[:DAYS_AT_MOST]), low, high, resume)


def _days(newest: datetime, oldest: datetime) -> list[str]:
    """UTC days from the newest back to the oldest, both included, as the rows write them; at most one too many."""
    count = min((newest.date() - oldest.date()).days, DAYS_AT_MOST) + 1
    return [f"{newest.date() - timedelta(days=back):%Y-%m-%d}" for back in range(count)]


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
