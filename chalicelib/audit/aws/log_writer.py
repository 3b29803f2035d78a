"""The audit log group: one log stream per UTC day."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code
from chalicelib.core.domain.errors import AuditUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import PutLogEventsResponseTypeDef

    from chalicelib.audit.domain.hash_chain import Link


class CloudWatchAuditLog:
    """PutLogEvents (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).

    A call takes 10,000 events, 1 MB and 24 hours; the service keeps to the
    first two, a stream per day to the third.
    """

    def __init__(self, client: CloudWatchLogsClient, group: str) -> None:
        self._logs, self._group = client, group

    def put(self, links: Sequence[Link]) -> None:
        """Write lines in order; AuditUnavailable unless CloudWatch took every one of them."""
        for day, lines in groupby(links, key=lambda link: f"{link.recorded_at:%Y-%m-%d}"):
            try:
                self._put_day(day, list(lines))
            except (ClientError, BotoCoreError) as error:
                raise AuditUnavailable(f"CloudWatch Logs did not take the events ({error_code(error)}).") from error

    def _put_day(self, day: str, lines: list[Link]) -> None:
        try:
            answer = self._put(day, lines)
        except self._logs.exceptions.ResourceNotFoundException:
            self._create(day)
            answer = self._put(day, lines)
        # Too old, too new or past the retention: the call answers 200 and tells it here only.
        rejected = answer.get("rejectedLogEventsInfo")
        if rejected:
            raise AuditUnavailable(f"CloudWatch Logs answered 200 and rejected events ({', '.join(sorted(rejected))}).")

    def _put(self, day: str, lines: list[Link]) -> PutLogEventsResponseTypeDef:
        return self._logs.put_log_events(
            logGroupName=self._group,
            logStreamName=day,
            logEvents=[
                {"timestamp": round(link.recorded_at.timestamp() * 1000), "message": link.line} for link in lines
            ],
        )

    def _create(self, day: str) -> None:
        try:
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=day)
        except self._logs.exceptions.ResourceAlreadyExistsException:
            return  # another invocation was first
