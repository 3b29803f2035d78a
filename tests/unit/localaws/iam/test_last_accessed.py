"""Last-accessed data on the embedded AWS: allowed services, and what sessions of the role tried."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.unit.localaws.conftest import allowing, may, refusal, trusting

if TYPE_CHECKING:
    from tests.unit.localaws.conftest import Account


def test_a_role_is_told_with_what_its_sessions_tried(account: Account) -> None:
    user, session = account.user()
    arn = account.role(trusting(user), allow=("ec2:DescribeVpcs", "sqs:ListQueues"))
    ec2 = account.client("ec2", account.assumed(session, arn))
    ec2.describe_vpcs()
    with suppress(ClientError):
        ec2.describe_images()
    services = told(account, arn, Granularity="ACTION_LEVEL")
    assert services["sqs"].get("LastAuthenticated") is None
    assert {one["ActionName"] for one in services["ec2"]["TrackedActionsLastAccessed"]} == {
        "DescribeVpcs", "DescribeImages"
    }  # fmt: skip
    assert "TrackedActionsLastAccessed" not in told(account, arn)["ec2"]


def test_a_role_that_is_not_there_has_no_job(account: Account) -> None:
    asked: dict[str, Any] = {"Arn": "arn:aws:iam::000000000000:role/none"}
    assert refusal(account.client("iam"), "generate_service_last_accessed_details", **asked)[0] == "NoSuchEntity"


def test_the_job_is_judged_by_the_role_that_it_is_about(account: Account) -> None:
    arns = [account.role(trusting("arn:aws:iam::000000000000:root")) for _ in "ab"]
    _, session = account.user(allowing("iam:GenerateServiceLastAccessedDetails", Resource=arns[0]))
    iam = account.client("iam", session)
    assert [may(iam, "generate_service_last_accessed_details", Arn=arn) for arn in arns] == [True, False]


def told(account: Account, arn: str, **more: Any) -> dict[str, Any]:
    iam = account.client("iam")
    job = iam.generate_service_last_accessed_details(Arn=arn, **more)["JobId"]
    answer = iam.get_service_last_accessed_details(JobId=job)
    assert answer["JobStatus"] == "COMPLETED"
    return {one["ServiceNamespace"]: one for one in answer["ServicesLastAccessed"]}
