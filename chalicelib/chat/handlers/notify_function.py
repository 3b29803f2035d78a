"""The notify function: the table's stream in, notices out; and the notices in, other systems out."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import Blueprint

from chalicelib.chat.domain.notices import Notice, wait
from chalicelib.chat.services.notify import Changed
from chalicelib.chat.wiring_notices import notice_fan_out, queue, tellers
from chalicelib.core.domain.errors import BrokerError
from chalicelib.core.wiring import meter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chalicelib.chat.domain.notices import Kind

blueprint = Blueprint(__name__)
logger = logging.getLogger("access-broker")

KINDS: tuple[tuple[str, str | None, Kind], ...] = (
    ("REQUEST#", "REQUEST", "request"),
    ("SESSION#", "REVIEW", "break_glass"),
    ("CLEANUP#", None, "cleanup"),
)
"""The rows that others hear of, by how their partition begins and their sort key; .chalice/resources.json filters."""


@blueprint.lambda_function(name="notify")
def notify(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A batch of either source; answers what to deliver again (ReportBatchItemFailures)."""
    records = event["Records"]
    if records[0]["eventSource"] == "aws:sqs":
        return _failed(record["messageId"] for record in records if not _told(record))
    resume_at = notice_fan_out().spread(changed(records))
    return _failed([resume_at] if resume_at else [])


def changed(records: Iterable[Mapping[str, Any]]) -> Iterator[Changed]:
    """The rows of a batch that others hear of; one that its time to live removed is no news."""
    for record in records:
        change = record["dynamodb"]
        row, kind = change.get("NewImage"), _kind(change["Keys"])
        if not row or not kind:
            continue
        event = row.get("event", {}).get("S", "")
        if kind != "cleanup":
            subject = change["Keys"]["pk"]["S"].partition("#")[2]
        elif event:
            subject = json.loads(event)["id"]
        else:
            continue
        yield Changed(change["SequenceNumber"], record["eventID"], kind, subject, event)


def _kind(key: Mapping[str, Any]) -> Kind | None:
    pk, sk = key["pk"]["S"], key["sk"]["S"]
    return next((kind for begin, sort, kind in KINDS if pk.startswith(begin) and sort in (None, sk)), None)


def _told(record: Mapping[str, Any]) -> bool:
    """Tell one notice; if it is not taken, have it come again later and say so."""
    notice = msgspec.json.decode(record["body"], type=Notice)
    try:
        tellers()[notice.target]().tell(notice)
    except BrokerError as failure:
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        seconds = wait(attempt, getattr(failure, "retry_after", 0))
        told = (notice.target, notice.id, attempt, seconds, failure.detail)
        logger.warning("%s was not told of %s at attempt %d, again in %d s: %s", *told)
        meter().count("NoticeAttempts", attempt)
        queue().postpone(notice, record["receiptHandle"], seconds)
        return False
    return True


def _failed(identifiers: Iterable[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": one} for one in identifiers]}
