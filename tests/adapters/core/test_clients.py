"""Clients: how long they wait for AWS, and that they fail in one way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from chalicelib.core.aws.clients import client, made
from chalicelib.core.domain.errors import AwsUnavailable
from chalicelib.core.domain.sessions import SessionSettings
from chalicelib.sessions.aws.sts import StsRoleSessions

LAMBDA_SECONDS = json.loads(Path(".chalice/config.json").read_text())["lambda_timeout"]
GATEWAY_SECONDS = 29
SECRET = "wJalrXUtnFEMI"
"""What no message may hold."""


def given_up_after(service: str) -> float:
    """Seconds at the most until a service that takes connections and answers nothing is given up."""
    settings = made(service, None).meta.config
    attempts: int = settings.retries["total_max_attempts"]
    each: float = settings.read_timeout
    return attempts * each + sum(2.0**waited for waited in range(attempts - 1))


@pytest.mark.parametrize("services", [("sts", "dynamodb"), ("iam",), ("logs",), ("cloudtrail",)])
@pytest.mark.usefixtures("account")
def test_a_service_that_hangs_is_given_up_while_the_caller_still_waits(services: tuple[str, ...]) -> None:
    assert sum(map(given_up_after, services)) < min(LAMBDA_SECONDS, GATEWAY_SECONDS) - 2


class Raw:
    """A body as it comes from the socket."""

    def stream(self) -> list[bytes]:
        return [f"<AssumeRoleResponse><SecretAccessKey>{SECRET}".encode()]


@pytest.mark.usefixtures("account")
def test_an_answer_that_cannot_be_read_is_told_as_an_aws_that_did_not_answer_and_not_quoted() -> None:
    sts = client("sts")
    sts.meta.events.register_first(
        "before-send.sts",
        lambda request, **_: AWSResponse(request.url, 200, HTTPHeaders(), Raw()),  # type: ignore[arg-type]
    )
    with pytest.raises(AwsUnavailable) as failure:
        StsRoleSessions(sts).assume(SessionSettings("arn:aws:iam::123456789012:role/x", "alice-1", "alice", "e", 900))
    assert "UnreadableAnswer" in failure.value.detail
    told: BaseException | None = failure.value
    while told:
        assert SECRET not in str(told)
        told = told.__cause__
