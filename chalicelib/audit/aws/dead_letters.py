"""The dead-letter queue of the audit function: what it could not read, kept for a person."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code
from chalicelib.core.domain.errors import AuditUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_TEXT = 200_000
"""Characters kept of a record, as JSON escapes them: SQS takes 256 KB a message."""


class SqsDeadLetters:
    """SendMessage, one message per record."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._sqs, self._queue_url = client, queue_url

    def park(self, sequence: str, text: str, why: str) -> None:
        """Keep the record; AuditUnavailable unless SQS took it."""
        body = json.dumps({"sequence": sequence, "why": why, "text": _beginning(text)})
        try:
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise AuditUnavailable(f"The dead-letter queue did not take a record ({error_code(error)}).") from error


def _beginning(text: str) -> str:
    """As much of the text as fits: one character may take twelve in JSON."""
    too_long = bisect_right(range(len(text) + 1), MAX_TEXT, key=lambda length: len(json.dumps(text[:length])))
    return text[: too_long - 1]
