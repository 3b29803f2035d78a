"""Which CloudTrail records belong to a session."""

from typing import Any

import pytest

from chalicelib.sessions.domain.activity import call, made_by
from tests.fakes.sessions import session

ALICES = session()
ARN = f"arn:aws:sts::123456789012:assumed-role/{ALICES.role}/{ALICES.session_name}"


def record(**identity: Any) -> dict[str, Any]:
    context = {"sourceIdentity": "alice"}
    return {
        "eventID": "1",
        "eventTime": "2026-11-23T12:00:01Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": "eu-central-1",
        "readOnly": True,
        "userIdentity": {
            "type": "AssumedRole",
            "arn": ARN,
            "accessKeyId": "ASIA1",
            "sessionContext": context,
            **identity,
        },
    }


def test_a_record_under_the_sessions_name_role_and_source_identity_is_its_own() -> None:
    assert made_by(ALICES, record())


@pytest.mark.parametrize(
    "identity",
    [
        {"arn": ARN.replace("ec2-full", "other")},
        {"arn": ARN[:-1]},
        {"arn": f"{ARN}x"},
        {"type": "IAMUser"},
        {"sessionContext": {"sourceIdentity": "bob"}},
        {"arn": None},
    ],
)
def test_anything_else_is_somebody_elses(identity: dict[str, Any]) -> None:
    assert not made_by(ALICES, record(**identity))


def test_a_call_says_what_was_done_and_how_it_ended() -> None:
    shown = call({**record(), "errorCode": "Client.UnauthorizedOperation"}, ("i-1",))
    assert (shown.service, shown.action, shown.error, shown.resources, shown.read_only) == (
        "ec2.amazonaws.com",
        "DescribeInstances",
        "Client.UnauthorizedOperation",
        ("i-1",),
        True,
    )


def test_a_role_of_a_member_account_has_its_own_name_in_cloudtrail_and_another_accounts_role_is_not_it() -> None:
    role_arn = "arn:aws:iam::111122223333:role/access-broker/ec2-full"
    there = session(role="111122223333:ec2-full", role_arn=role_arn)
    assert made_by(there, record(arn=ARN.replace("123456789012", "111122223333")))
    assert not made_by(there, record())
