"""The audit function: the table's stream in, CloudWatch Logs out; and every few minutes, what expired."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.audit import wiring
from chalicelib.audit.services.deliver import RowChange
from chalicelib.core.wiring import meter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

blueprint = Blueprint(__name__)
logger = logging.getLogger("access-broker")

# The real stream is set by .chalice/resources.json; Chalice wants an ARN here.
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/access-broker/stream/set-by-resources-json"


@blueprint.on_dynamodb_record(stream_arn=STREAM, name="audit", batch_size=50)
def audit(event: DynamoDBEvent) -> dict[str, Any]:
    """Log a batch of the stream, or, when the schedule calls, the sessions that expired."""
    document = event.to_dict()
    return _log(document["Records"]) if "Records" in document else _expire()


def _log(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Answers from which record on to redeliver (ReportBatchItemFailures)."""
    outcome = wiring.audit_delivery().take(changes(records))
    meter().events(outcome.logged)
    if outcome.parked:
        logger.error("%d records could not be read and are in the dead-letter queue", outcome.parked)
        meter().count("AuditDeadLetters", outcome.parked)
    if outcome.resume_at is None:
        return {"batchItemFailures": []}
    logger.warning("redelivery from %s on: %s", outcome.resume_at, outcome.why)
    return {"batchItemFailures": [{"itemIdentifier": outcome.resume_at}]}


def _expire() -> dict[str, Any]:
    expired = wiring.session_expiry().run()
    meter().count("ActiveSessions", expired.active)
    return {"expired": expired.logged, "active": expired.active}


def changes(records: Iterable[Mapping[str, Any]]) -> list[RowChange]:
    """The records whose write made an event: `event` is new or differs from the old image's."""
    found = []
    for record in records:
        change = record["dynamodb"]
        text = _event(change.get("NewImage"))
        if text is not None and text != _event(change.get("OldImage")):
            found.append(RowChange(change["SequenceNumber"], text))
    return found


def _event(image: Mapping[str, Any] | None) -> str | None:
    """The row's `event`: anything but a string is kept as text, to be parked."""
    if not image or "event" not in image:
        return None
    value = image["event"]
    return str(value.get("S", value))
