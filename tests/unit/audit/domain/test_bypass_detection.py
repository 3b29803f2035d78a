"""Bypass detection: CloudTrail's AssumeRole records against what the broker issued."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.audit.domain.bypass_detection import ASSUMED_WITHIN, assumption, judge
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.roles import Role
from chalicelib.core.domain.sessions import Session
from chalicelib.core.domain.times import rfc3339

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SESSION_ID = new_id(NOW, b"s" * 10)
BROKER = "arn:aws:iam::123456789012:role/access-broker-dev-ApiHandlerRole-1"
ROLE_ARN = "arn:aws:iam::123456789012:role/access-broker/ec2-full"
ROLE = Role("ec2-full", ROLE_ARN)
SESSION = Session(
    id=SESSION_ID,
    caller="alice",
    caller_id="AIDA1",
    caller_arn="arn:aws:iam::123456789012:user/alice",
    role="ec2-full",
    role_arn=ROLE_ARN,
    session_name=f"alice-{SESSION_ID}",
    source_identity="alice",
    issued_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)


def by_broker(role: str = BROKER) -> dict[str, Any]:
    arn = f"arn:aws:sts::123456789012:assumed-role/{role.rsplit('/', 1)[-1]}/access-broker-api"
    issuer = {"type": "Role", "arn": role, "accountId": "123456789012"}
    return {
        "type": "AssumedRole",
        "arn": arn,
        "accountId": "123456789012",
        "principalId": "AROA1:access-broker-api",
        "sessionContext": {"sessionIssuer": issuer},
    }


def by_user(name: str) -> dict[str, Any]:
    arn = f"arn:aws:iam::123456789012:user/{name}"
    return {"type": "IAMUser", "arn": arn, "accountId": "123456789012", "principalId": "AIDA9", "userName": name}


def record(identity: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "eventID": "5b1c2d3e-0000-4000-8000-000000000001",
        "eventTime": "2026-11-23T12:00:01Z",
        "userIdentity": identity,
        "requestParameters": {"roleArn": ROLE_ARN, "roleSessionName": SESSION.session_name},
        "responseElements": {"credentials": {"accessKeyId": "ASIA1"}},
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2",
        **members,
    }


def verdict(document: dict[str, Any], session: Session | None = SESSION, role: Role | None = ROLE) -> str:
    seen = assumption(document)
    assert seen
    return judge(seen, session, role, BROKER)


def test_what_the_broker_did_and_recorded_is_issued() -> None:
    seen = assumption(record(by_broker()))
    assert seen
    assert seen.session_id == SESSION_ID
    assert verdict(record(by_broker())) == "issued"


def test_the_brokers_role_under_a_session_id_without_a_row_is_unrecorded() -> None:
    assert verdict(record(by_broker()), session=None) == "unrecorded"


def dated(seconds: float) -> dict[str, Any]:
    """The broker's own record, so long after the session was issued."""
    return record(by_broker(), eventTime=rfc3339(NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [-2, 0, 12, 30])
def test_a_slow_or_repeated_assume_role_of_the_broker_is_issued(seconds: float) -> None:
    assert verdict(dated(seconds)) == "issued"
    assert verdict(dated(seconds), session=replace(SESSION, revoked_at=NOW)) == "issued"


@pytest.mark.parametrize("seconds", [-120, 40, 3 * 86_400])
def test_a_recorded_session_covers_nothing_that_is_assumed_under_its_name_at_another_time(seconds: float) -> None:
    assert verdict(dated(seconds)) == "unrecorded"
    assert verdict(dated(seconds), session=replace(SESSION, revoked_at=NOW)) == "unrecorded"


def test_a_session_that_the_record_says_failed_is_unrecorded() -> None:
    assert verdict(record(by_broker()), session=replace(SESSION, failed=True)) == "unrecorded"


def test_nothing_that_the_api_function_does_is_late() -> None:
    assert json.loads(Path(".chalice/config.json").read_text())["lambda_timeout"] < ASSUMED_WITHIN.total_seconds()


def test_a_recorded_session_does_not_cover_another_source_identity() -> None:
    asked = {"roleArn": ROLE_ARN, "roleSessionName": SESSION.session_name}
    assert verdict(record(by_broker(), requestParameters={**asked, "sourceIdentity": "alice"})) == "issued"
    assert verdict(record(by_broker(), requestParameters={**asked, "sourceIdentity": "root"})) == "bypass"


def test_the_brokers_role_under_another_name_is_a_bypass() -> None:
    elsewise = {"roleArn": ROLE_ARN, "roleSessionName": "console"}
    assert verdict(record(by_broker(), requestParameters=elsewise), session=None) == "bypass"


def test_nobody_but_the_brokers_role_is_ever_unrecorded() -> None:
    for identity in (by_broker("arn:aws:iam::123456789012:role/admin"), by_user("mallory")):
        assert verdict(record(identity), session=None) == "bypass"


@pytest.mark.parametrize(
    "session",
    [
        replace(SESSION, role_arn="arn:aws:iam::123456789012:role/access-broker/other"),
        replace(SESSION, session_name="x-y"),
    ],
)
def test_a_row_of_another_role_or_name_does_not_cover_it(session: Session) -> None:
    assert verdict(record(by_broker()), session=session) == "bypass"


def test_another_principal_under_a_known_session_name_is_a_bypass() -> None:
    assert verdict(record(by_broker("arn:aws:iam::123456789012:role/admin"))) == "bypass"
    assert verdict(record(by_user("mallory"))) == "bypass"


def test_a_user_the_template_names_uses_the_role_directly() -> None:
    named = replace(ROLE, direct_users=("erin",))
    assert verdict(record(by_user("erin")), session=None, role=named) == "direct_use"
    assert verdict(record(by_user("mallory")), session=None, role=named) == "bypass"


@pytest.mark.parametrize(
    ("identity", "arn"),
    [
        (by_user("access-broker/erin"), "arn:aws:iam::123456789012:user/access-broker/erin"),
        (by_broker("arn:aws:iam::123456789012:role/ops/ci"), "arn:aws:iam::123456789012:role/ops/ci"),
        (by_broker("arn:aws:iam::123456789012:role/ci"), "arn:aws:sts::123456789012:assumed-role/ci/access-broker-api"),
    ],
)
def test_whom_the_template_names_by_arn_uses_the_role_directly(identity: dict[str, Any], arn: str) -> None:
    named = replace(ROLE, direct_users=(arn,))
    assert verdict(record(identity), session=None, role=named) == "direct_use"
    assert verdict(record(by_user("elsewhere/erin")), session=None, role=named) == "bypass"


def test_the_brokers_role_never_uses_a_role_directly() -> None:
    elsewise = {"roleArn": ROLE_ARN, "roleSessionName": "console"}
    named = replace(ROLE, direct_users=(BROKER,))
    assert verdict(record(by_broker(), requestParameters=elsewise), session=None, role=named) == "bypass"


def test_a_role_unknown_to_the_catalogue_is_never_direct_use() -> None:
    assert verdict(record(by_user("erin")), session=None, role=None) == "bypass"


def test_a_namesake_role_in_another_account_is_not_covered_by_the_template() -> None:
    elsewhere = {"roleArn": "arn:aws:iam::999999999999:role/access-broker/ec2-full", "roleSessionName": "erin"}
    named = replace(ROLE, direct_users=("erin",))
    assert verdict(record(by_user("erin"), requestParameters=elsewhere), role=named) == "bypass"


@pytest.mark.parametrize(
    "members",
    [
        {"errorCode": "AccessDenied"},
        {"requestParameters": None},
        {"requestParameters": {"roleArn": "arn:aws:iam::123456789012:role/admin"}},
        {"requestParameters": {"roleArn": "arn:aws:iam::123456789012:role/x-access-broker/admin"}},
    ],
)
def test_refused_calls_and_roles_elsewhere_are_not_ours(members: dict[str, Any]) -> None:
    assert assumption(record(by_user("mallory"), **members)) is None


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (by_user("mallory"), "mallory"),
        ({"type": "Root", "arn": "arn:aws:iam::123456789012:root"}, "arn:aws:iam::123456789012:root"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com"),
        (by_broker("arn:aws:iam::123456789012:role/admin"), "admin/access-broker-api"),
        ({"type": "AWSAccount", "principalId": "AIDAEVIL", "accountId": "999999999999"}, "999999999999"),
        ({"type": "SAMLUser", "principalId": "x=:ida", "userName": "ida", "identityProvider": "x="}, "ida"),
        ({"type": "WebIdentityUser", "userName": "user-id", "identityProvider": "accounts.google.com"}, "user-id"),
    ],
)
def test_whoever_it_was_is_named(identity: dict[str, Any], name: str) -> None:
    seen = assumption(record(identity))
    assert seen
    assert seen.by.name == name
