"""Request rows: written on condition that no other writer was faster, read by caller, role and state."""

from __future__ import annotations

import hashlib
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.approvals.aws.grants_table import grant_to_row
from chalicelib.approvals.domain.filings import FiledMeanwhile, Filings
from chalicelib.approvals.domain.requests import STATES, Request, repeats
from chalicelib.core.aws import rows
from chalicelib.core.aws.index_queries import newest_first
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.domain.events import to_json
from chalicelib.core.domain.ids import FORM
from chalicelib.core.domain.pages import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.domain.requests import RequestFilter
    from chalicelib.core.domain.events import AuditEvent

KEPT_SECONDS = 400 * 86400
ONCE_SECONDS = 86400
"""How long a key of filing is remembered."""

COUNTED_SECONDS = 60 * 86400
"""Longer than any request waits: the farthest start is a month ahead."""

READ_AT_MOST = 1000
"""Rows looked at for one page: what matches seldom comes in short pages, not in slow ones."""


class TableRequests:
    """Rows `pk=REQUEST#<id>, sk=REQUEST`.

    Beside them `pk=REQUEST#ONCE#<digest>, sk=ONCE` for keys of filing, and
    `pk=REQUEST#FILED#<person>, sk=FILED` for the count of one person.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def get(self, request_id: str) -> Request | None:
        """The request, read consistently, or None; what is no id is not looked for."""
        if not FORM.fullmatch(request_id):
            return None
        row = rows.get(self._dynamodb, self._table, f"REQUEST#{request_id}", "REQUEST")
        return msgspec.convert(row, Request) if row else None

    def filings(self, person: str) -> Filings:
        """The requests that may count against this person's limits, read consistently."""
        row = rows.get(self._dynamodb, self._table, f"REQUEST#FILED#{person}", "FILED")
        return Filings(person, tuple(row["ids"]), row["version"]) if row else Filings(person)

    def file(self, filed: Sequence[tuple[Request, AuditEvent]], once: str, counted: Filings) -> Request:
        """Write new requests, all or none, and their count; answers the first.

        With a key `once` used before, answers the request that was the first then.
        """
        request, _ = filed[0]
        new = [{**request_to_row(one), "event": to_json(event)} for one, event in filed]
        items = [*(self._put(row, rows.ABSENT) for row in new), self._count(counted, request)]
        key = _once_key(request, once)
        if once:
            ttl = int(request.filed_at.timestamp()) + ONCE_SECONDS
            items.append(self._put({"pk": key, "sk": "ONCE", "request": request.id, "ttl": ttl}, rows.ABSENT))
        try:
            self._transact(items)
        except Conflict as conflict:
            first = self._filed_before(key, request) if once else None
            if first is None:
                raise FiledMeanwhile(conflict.detail) from None
            return first
        return request

    def _count(self, counted: Filings, request: Request) -> TransactWriteItemTypeDef:
        row = {
            "pk": f"REQUEST#FILED#{counted.person}",
            "sk": "FILED",
            "ids": list(counted.ids),
            "version": counted.version,
            "ttl": int(request.filed_at.timestamp()) + COUNTED_SECONDS,
        }
        if counted.version == 1:
            return self._put(row, rows.ABSENT)
        return self._put(row, "version = :read", {":read": {"N": str(counted.version - 1)}})

    def save(self, changed: Request, event: AuditEvent, grant: Grant | None = None) -> None:
        """Write the next version and the grant it yields in one transaction; Conflict if another writer was faster."""
        row = {**request_to_row(changed), "event": to_json(event)}
        items = [self._put(row, "version = :read", {":read": {"N": str(changed.version - 1)}})]
        if grant:
            items.append(self._put(grant_to_row(grant), rows.ABSENT))
        self._transact(items)

    def page(
        self, wanted: RequestFilter, limit: int, cursor: str | None, matches: Callable[[Request], bool]
    ) -> Page[Request]:
        """Newest first. The cursor is the last id looked at, whether it matched or not."""
        found: list[Request] = []
        for looked_at, request in enumerate(self._newest_first(wanted, cursor), start=1):
            if matches(request):
                found.append(request)
            if len(found) == limit or looked_at == READ_AT_MOST:
                return Page(tuple(found), request.id)
        return Page(tuple(found))

    def pending(self) -> Iterator[Request]:
        """Every request that is not settled."""
        return self._partition("by-group", "REQUEST#STATE#pending", None)

    def _newest_first(self, wanted: RequestFilter, cursor: str | None) -> Iterator[Request]:
        """From the narrowest index; without any filter the states are read side by side.

        Who asks for expired ones means those that lie among the pending until the expire function comes by, too.
        """
        if wanted.caller:
            return self._partition("by-caller", f"REQUEST#{wanted.caller}", cursor)
        if wanted.role:
            return self._partition("by-role", f"REQUEST#{wanted.role}", cursor)
        states = {None: STATES, "expired": ("expired", "pending")}.get(wanted.state, (wanted.state,))
        partitions = [self._partition("by-group", f"REQUEST#STATE#{state}", cursor) for state in states]
        return merge(*partitions, key=attrgetter("id"), reverse=True)

    def _partition(self, index: str, partition: str, before: str | None) -> Iterator[Request]:
        found = newest_first(self._dynamodb, self._table, index, partition, before)
        return (msgspec.convert(row, Request) for row in found)

    def _filed_before(self, key: str, request: Request) -> Request | None:
        """The request that was filed with this key; None if the key is new, Conflict if it was another request."""
        marker = rows.get(self._dynamodb, self._table, key, "ONCE")
        if marker is None:
            return None
        first = self.get(marker["request"])
        if first is None or not repeats(request, first):
            raise Conflict("This idempotency key was used for another request. Use a new one.")
        return first

    def _put(
        self, row: dict[str, Any], condition: str, values: dict[str, Any] | None = None
    ) -> TransactWriteItemTypeDef:
        put: PutTypeDef = {
            "TableName": self._table,
            "Item": rows.to_item(row),
            "ConditionExpression": condition,
        }
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _transact(self, items: list[TransactWriteItemTypeDef]) -> None:
        try:
            self._dynamodb.transact_write_items(TransactItems=items)
        except (ClientError, BotoCoreError) as error:
            raise rows.write_failed(error) from error


def request_to_row(request: Request) -> dict[str, Any]:
    """The request's own fields, with the keys of the three indexes."""
    return {
        **msgspec.to_builtins(request),
        "pk": f"REQUEST#{request.id}",
        "sk": "REQUEST",
        "caller_key": f"REQUEST#{request.caller}",
        "role_key": f"REQUEST#{request.role}",
        "group_key": f"REQUEST#STATE#{request.state}",
        "ttl": int(request.filed_at.timestamp()) + KEPT_SECONDS,
    }


def _once_key(request: Request, once: str) -> str:
    """Keys are each caller's own: a guessed key finds no request of another caller."""
    filer = request.asked_by_id or request.caller_id
    return f"REQUEST#ONCE#{hashlib.sha256(f'{filer} {once}'.encode()).hexdigest()}"
