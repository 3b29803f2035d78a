"""STS: what a caller is told when AWS refuses the session that the broker had decided to issue."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.core.domain.errors import AwsUnavailable, BrokerError, RefusedByAws
from chalicelib.core.domain.sessions import SessionSettings
from chalicelib.core.handlers.edge import problem
from chalicelib.sessions.aws.sts import PERHAPS_NEW, StsRoleSessions

ROLE = "arn:aws:iam::123456789012:role/access-broker/tool"


def refused(code: str, message: str = ROLE, **settings: object) -> BrokerError:
    client = boto3.client("sts", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubbed:
        stubbed.add_client_error("assume_role", code, message)
        wanted = SessionSettings(ROLE, "alice-01k1", "alice", "external", 900, **settings)  # type: ignore[arg-type]
        with pytest.raises(BrokerError) as error:
            StsRoleSessions(client).assume(wanted)
    return error.value


def test_who_takes_a_role_made_a_moment_ago_is_told_to_try_again() -> None:
    error = refused("AccessDenied")
    assert isinstance(error, RefusedByAws)
    assert error.aws_code == "AccessDenied"
    assert PERHAPS_NEW in error.detail
    assert "123456789012" not in error.detail


@pytest.mark.parametrize("code", ["Throttling", "RequestLimitExceeded"])
def test_where_aws_asks_for_fewer_calls_the_caller_is_told_to_wait(code: str) -> None:
    error = refused(code)
    answer = problem(error, "request-1")
    assert (error.code, answer.status_code, answer.headers["Retry-After"]) == ("too_many_requests", 429, "5")
    assert isinstance(error, AwsUnavailable)


@pytest.mark.parametrize("code", ["PackedPolicyTooLarge", "Throttling"])
def test_another_refusal_is_not_blamed_on_a_new_role(code: str) -> None:
    assert PERHAPS_NEW not in refused(code).detail


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        ("with an explicit deny in a service control policy", "service control policy"),
        ("because no service control policy allows the sts:AssumeRole action", "service control policy"),
        (f"with an explicit deny in a resource control policy: {ROLE}", "resource control policy"),
        ("because no identity-based policy allows the sts:AssumeRole action", "identity-based policy"),
        ("with an explicit deny in an identity-based policy", "identity-based policy"),
    ],
)
def test_the_kind_of_policy_that_aws_blames_is_named(why: str, kind: str) -> None:
    error = refused(
        "AccessDenied", f"User: {ROLE} is not authorized to perform: sts:AssumeRole on resource: {ROLE} {why}"
    )
    assert isinstance(error, RefusedByAws)
    assert (error.denied_by, kind in error.detail, "123456789012" in error.detail) == (kind, True, False)
    assert (PERHAPS_NEW in error.detail) == (kind == "identity-based policy")


OURS = {"access-broker:session": "01k1"}


@pytest.mark.parametrize(
    ("settings", "blamed", "not_blamed"),
    [
        ({"tags": {**OURS, "ticket": "x"}}, "tags", "policy"),
        ({"tags": OURS, "policy": {"Statement": []}}, "policy", "tags"),
        ({"tags": OURS, "policy_arns": ("arn:aws:iam::aws:policy/ReadOnlyAccess",)}, "policy", "tags"),
    ],
)
def test_tags_or_policy_that_do_not_fit_are_named_with_the_percentage(settings, blamed, not_blamed) -> None:
    message = "Packed policy consumes 112% of allotted space, please use smaller policy."
    detail = refused("PackedPolicyTooLarge", message, **settings).detail
    assert f"session's {blamed} would fill 112%" in detail
    assert not_blamed not in detail


def test_without_a_percentage_the_sentence_stands_by_itself() -> None:
    detail = refused("PackedPolicyTooLarge", tags={**OURS, "a": "b"}, policy={"Statement": []}).detail
    assert "tags and policy would fill more than the space" in detail
