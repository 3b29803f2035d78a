"""IAM's last-accessed data: a job, its pages, and what a fault leaves of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from chalicelib.insight.aws.last_accessed import LOOKS, IamLastAccessed
from chalicelib.insight.domain.usage import AccessedAction, AccessedService, LastAccessed

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ARN = "arn:aws:iam::123456789012:role/access-broker/ec2-full"
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RUNS = {"JobStatus": "IN_PROGRESS"}
EC2 = {
    "ServiceNamespace": "ec2",
    "LastAuthenticated": AT,
    "TrackedActionsLastAccessed": [
        {"ActionName": "RunInstances", "LastAccessedTime": AT},
        {"ActionName": "StopInstances"},
    ],
}


@dataclass
class Job:
    """IAM, with the answers that it gives one after the other; the last one again and again."""

    answers: list[dict[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)
    fails_with: Exception | None = None

    def generate_service_last_accessed_details(self, **asked: Any) -> dict[str, str]:
        self.asked.append(asked)
        if self.fails_with:
            raise self.fails_with
        return {"JobId": "job-1"}

    def get_service_last_accessed_details(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def read(job: Job, pauses: list[float] | None = None) -> LastAccessed:
    waited = [] if pauses is None else pauses
    return IamLastAccessed(cast("IAMClient", job), waited.append).of(ARN)


def test_the_job_is_waited_for_and_all_its_pages_are_read() -> None:
    first = {"JobStatus": "COMPLETED", "ServicesLastAccessed": [EC2], "IsTruncated": True, "Marker": "more"}
    last = {"JobStatus": "COMPLETED", "ServicesLastAccessed": [{"ServiceNamespace": "sqs"}], "IsTruncated": False}
    job, pauses = Job([RUNS, first, last]), list[float]()
    action = AccessedAction("ec2", "RunInstances", "2026-11-23T12:00:00.000Z")
    assert read(job, pauses).services == (
        AccessedService("ec2", "2026-11-23T12:00:00.000Z", (action,)), AccessedService("sqs", None)
    )  # fmt: skip
    assert job.asked[0] == {"Arn": ARN, "Granularity": "ACTION_LEVEL"}
    assert (job.asked[-1], len(pauses)) == ({"JobId": "job-1", "Marker": "more"}, 1)


def test_a_job_that_takes_too_long_is_left() -> None:
    job = Job([RUNS])
    assert read(job) == LastAccessed("in_progress")
    assert len(job.asked) == 1 + LOOKS


def test_a_job_that_failed_says_why() -> None:
    assert read(Job([{"JobStatus": "FAILED", "Error": {"Code": "Internal"}}])) == LastAccessed("failed", "Internal")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ClientError({"Error": {"Code": "Throttling"}}, "Generate"), "Throttling"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "Generate"), "AccessDenied"),
        (ConnectTimeoutError(endpoint_url="https://iam.amazonaws.com"), "ConnectTimeoutError"),
    ],
)
def test_where_iam_gives_none_the_answer_says_so_and_stands(fault: Exception, code: str) -> None:
    assert read(Job([], fails_with=fault)) == LastAccessed("unavailable", code)
