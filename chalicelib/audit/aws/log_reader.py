"""The audit log group, read: FilterLogEvents, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.audit.domain import hash_chain
from chalicelib.core.aws import cursors
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsRequestTypeDef, FilterLogEventsResponseTypeDef

    from chalicelib.audit.domain.filter import AuditFilter

CALLS = 10
"""FilterLogEvents calls for one page: a search that finds seldom comes in short pages, not in slow ones."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
"""The last millisecond that has a date."""


class CloudWatchAuditReader:
    """FilterLogEvents (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html).

    The filter pattern spares AWS the transfer; what matches is decided here.
    """

    def __init__(self, client: CloudWatchLogsClient, group: str) -> None:
        self._logs, self._group = client, group

    def page(self, wanted: AuditFilter, limit: int, cursor: str | None) -> Page[Mapping[str, Any]]:
        """Lines in the order of the log, each with `logged_at`."""
        start, token = _decoded(cursor) if cursor else (max(_milliseconds(wanted.since), 0), None)
        for _ in range(CALLS):
            answer = self._read(wanted, limit, start, token)
            events, token = answer["events"], answer.get("nextToken")
            found = tuple(line for line in map(_line, events) if wanted.matches(line))
            if not token and len(events) < limit:
                return Page(found)
            # Each millisecond has one line, so a full page without a token goes on after its last one.
            start = start if token else events[-1]["timestamp"] + 1
            if found:
                break
        return Page(found, cursors.encoded([start, token]))

    def _read(self, wanted: AuditFilter, limit: int, start: int, token: str | None) -> FilterLogEventsResponseTypeDef:
        query: FilterLogEventsRequestTypeDef = {"logGroupName": self._group, "startTime": start, "limit": limit}
        if wanted.until:
            query["endTime"] = max(_milliseconds(wanted.until) - 1, 0)
        if pattern := _pattern(wanted):
            query["filterPattern"] = pattern
        if token:
            query["nextToken"] = token
        try:
            return self._logs.filter_log_events(**query)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "InvalidParameterException" and token:
                raise cursors.bad_cursor() from error
            raise translated(error, "to read the audit log") from error


def _pattern(wanted: AuditFilter) -> str:
    """CloudWatch Logs user guide, "filter pattern syntax". Values hold neither quotes nor backslashes (queries.py)."""
    if wanted.session:
        return f'"{wanted.session}"'
    named = {"$.caller.name": wanted.caller, "$.role": wanted.role, "$.type": wanted.type}
    terms = [f'({selector} = "{value}")' for selector, value in named.items() if value]
    return f"{{ {' && '.join(terms)} }}" if terms else ""


def _line(event: Mapping[str, Any]) -> dict[str, Any]:
    """The line with the time the log keeps for it; what is not shaped like one is shown as the text it is."""
    logged_at = rfc3339(EPOCH + timedelta(milliseconds=event["timestamp"]))
    return {**(hash_chain.line(event["message"]) or {"unreadable": event["message"]}), "logged_at": logged_at}


def _milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def _decoded(cursor: str) -> tuple[int, str | None]:
    """The instant from which to read and AWS's token."""
    match cursors.decoded(cursor):
        case [int() as start, None | str() as token] if 0 <= start <= LATEST:
            return start, token
        case _:
            raise cursors.bad_cursor()
