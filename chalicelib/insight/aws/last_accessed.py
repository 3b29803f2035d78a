"""IAM's last-accessed data of a role, at action level.

docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html:
a job makes them, every attempt counts, also a refused one, and they lag by
some hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code
from chalicelib.core.domain.times import rfc3339
from chalicelib.insight.domain.usage import AccessedAction, AccessedService, LastAccessed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_iam import IAMClient

LOOKS = 8
"""At a job that runs: with PAUSE_SECONDS between them it gets 4 s on average, of the 29 s that API Gateway waits."""

PAUSE_SECONDS = 0.5

PAGES_AT_MOST = 10
"""Of 100 services each; AWS has fewer than 500."""


class IamLastAccessed:
    """GenerateServiceLastAccessedDetails, and what its job found."""

    def __init__(self, client: IAMClient, pause: Callable[[float], None]) -> None:
        self._iam, self._pause = client, pause

    def of(self, arn: str) -> LastAccessed:
        """The data of a role. It never fails: where AWS has or gives none, the state says so."""
        try:
            job = self._iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
            return self._found(job)
        except (ClientError, BotoCoreError) as error:
            return LastAccessed("unavailable", error_code(error))

    def _found(self, job: str) -> LastAccessed:
        page: Any = self._ended(job)
        if page["JobStatus"] == "FAILED":
            return LastAccessed("failed", str(page.get("Error", {}).get("Code", "")))
        if page["JobStatus"] != "COMPLETED":
            return LastAccessed("in_progress")
        services = [*page["ServicesLastAccessed"]]
        for _ in range(PAGES_AT_MOST):
            if not page.get("IsTruncated"):
                break
            page = self._iam.get_service_last_accessed_details(JobId=job, Marker=page["Marker"])
            services += page["ServicesLastAccessed"]
        return LastAccessed("complete", services=tuple(map(_service, services)))

    def _ended(self, job: str) -> Any:
        """The first page once the job has ended, or the last look at it."""
        for look in range(LOOKS):
            page = self._iam.get_service_last_accessed_details(JobId=job)
            if page["JobStatus"] != "IN_PROGRESS" or look == LOOKS - 1:
                break
            self._pause(PAUSE_SECONDS)
        return page


def _service(found: Any) -> AccessedService:
    service = found["ServiceNamespace"]
    actions = tuple(
        AccessedAction(service, one["ActionName"], rfc3339(one["LastAccessedTime"]))
        for one in found.get("TrackedActionsLastAccessed") or ()
        if one.get("LastAccessedTime")
    )
    return AccessedService(service, _instant(found.get("LastAuthenticated")), actions)


def _instant(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
