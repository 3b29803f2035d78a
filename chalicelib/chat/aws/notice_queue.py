"""Queues of notices: FIFO, so that the notices of one subject come in order and one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from chalicelib.chat.domain.notices import Notice


class SqsNotices:
    """SendMessage with a group per target and subject (SQS developer guide, FIFO queues).

    Break-glass has a queue of its own, so that no number of requests delays it.
    """

    def __init__(self, client: SQSClient, queue_url: str, urgent_queue_url: str) -> None:
        self._sqs, self._queue_url, self._urgent_queue_url = client, queue_url, urgent_queue_url

    def put(self, notice: Notice, once: str) -> None:
        """Return once SQS has it; the same `once` within five minutes is the same message."""
        try:
            self._sqs.send_message(
                QueueUrl=self._queue_of(notice),
                MessageBody=msgspec.json.encode(notice).decode(),
                MessageGroupId=f"{notice.target}-{notice.id}",
                MessageDeduplicationId=once,
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "queueing a notice") from error

    def postpone(self, notice: Notice, receipt: str, seconds: int) -> None:
        """ChangeMessageVisibility: the queue hides the message until then."""
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self._queue_of(notice), ReceiptHandle=receipt, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "postponing a notice") from error

    def _queue_of(self, notice: Notice) -> str:
        return self._urgent_queue_url if notice.urgent else self._queue_url
