"""Suspending over HTTP on moto: out with the next request, and what goes with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.core.aws import rows as table_rows
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.sessions import Credentials
from chalicelib.sessions.aws.session_log import session_to_row
from tests.adapters.conftest import ACCOUNT, REGION, make_user
from tests.adapters.provisioning.test_api import LambdaInProcess, invoked
from tests.fakes.core import EC2
from tests.fakes.sessions import session

__all__ = ["LambdaInProcess", "invoked"]

TRUST = '{"Version": "2012-10-17", "Statement": []}'
SSO_ROLE = "AWSReservedSSO_Operators_0123456789abcdef"
NOBODYS = "01k9zq3v5m8c2x7h4r6t0w1yab"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch, invoked: LambdaInProcess) -> None:
    monkeypatch.setattr("chalicelib.directory.services.suspend.SETTLED_SECONDS", 0)


@pytest.fixture
def rita(account: None) -> dict[str, str]:
    """One who may revoke and read the audit."""
    return make_user("rita", "responders")


def sso_session(person: str, role: str = SSO_ROLE) -> dict[str, str]:
    """A session of Identity Center as API Gateway shows it; the role is made when first asked for."""
    iam = boto3.client("iam", REGION)
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    known = {one["RoleName"]: one for one in iam.list_roles()["Roles"]}
    if role not in known:
        known[role] = iam.create_role(RoleName=role, Path=path, AssumeRolePolicyDocument=TRUST)["Role"]
    unique_id = f"{known[role]['RoleId']}:{person}"
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{person}"
    return {"userArn": arn, "user": unique_id, "caller": unique_id, "sourceIp": "203.0.113.9"}


def suspended(call: Any, by: dict[str, str], name: str) -> dict[str, Any]:
    status, document, _ = call("POST", "/v1/suspensions", by, {"caller": name, "reason": "key in a build log"})
    assert status == 201, document
    found: dict[str, Any] = document
    return found


def test_a_suspended_user_is_refused_by_the_very_next_request_and_a_neighbour_is_not(call, alice, rita, rows) -> None:
    bob = make_user("bob", "engineers")
    assert call("GET", "/v1/whoami", alice)[0] == 200
    suspended(call, rita, "alice")
    status, document, _ = call("GET", "/v1/whoami", alice)
    assert (status, document["code"]) == (403, "not_allowed")
    assert call("GET", "/v1/whoami", bob)[0] == 200
    events = [json.loads(row["event"]) for row in rows("SUSPENSION") + rows("EVENT")]
    assert sorted(event["type"] for event in events) == ["refuse", "revoke", "suspend"]
    assert {event["caller"]["name"] for event in events if event["type"] == "refuse"} == {"alice"}


def test_unsuspended_the_caller_may_ask_again_and_both_are_on_record(call, alice, rita, rows) -> None:
    [suspension] = suspended(call, rita, "alice")["suspensions"]
    listed = call("GET", "/v1/suspensions", rita)[1]["suspensions"]
    assert (listed, suspension["subject"], suspension["by"]) == ([suspension], alice["user"], "rita")
    assert call("DELETE", f"/v1/suspensions/{suspension['id']}", rita)[0] == 200
    assert call("GET", "/v1/whoami", alice)[0] == 200
    types = [json.loads(row["event"])["type"] for row in rows("EVENT")]
    assert types.count("unsuspend") == 1
    assert call("DELETE", f"/v1/suspensions/{suspension['id']}", rita)[0] == 404


def test_live_sessions_end_and_pending_requests_are_cancelled(call, alice, rita) -> None:
    client("dynamodb").put_item(TableName="broker", Item=globals_row(EC2))
    who = Caller("user", "alice", alice["userArn"], ACCOUNT, alice["user"])
    made = session(1, who, issued_at=datetime.now(UTC) - timedelta(minutes=10))
    client("dynamodb").put_item(TableName="broker", Item=item(session_to_row(made)))
    done = suspended(call, rita, "alice")
    assert (done["sessions"], done["roles"], done["failures"]) == ([made.id], ["ec2-full"], [])
    assert call("GET", f"/v1/sessions/{made.id}", rita)[1]["state"] == "revoked"


def globals_row(role: Any) -> dict[str, Any]:
    return item(role_to_row(role))


def item(row: dict[str, Any]) -> dict[str, Any]:
    return table_rows.to_item(row)


def test_a_person_of_identity_center_is_suspended_and_a_colleague_works_on(call, rita) -> None:
    dana, emil = sso_session("dana@example.com"), sso_session("emil@example.com")
    document = call("GET", "/v1/whoami", dana)[1]
    assert (document["name"], document["groups"]) == ("sso/dana@example.com", ["sso/Operators"])
    suspended(call, rita, "sso/dana@example.com")
    assert call("GET", "/v1/whoami", dana)[0] == 403
    other_set = sso_session("dana@example.com", "AWSReservedSSO_Readers_fedcba9876543210")
    assert call("GET", "/v1/whoami", other_set)[0] == 403
    assert call("GET", "/v1/whoami", emil)[0] == 200


@pytest.mark.parametrize("path", ["/v1/credentials", "/v1/console-links"])
def test_a_suspension_in_the_middle_of_issuing_keeps_the_credentials_in(
    call, alice, rita, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The suspension's two looks for sessions may both be over before the row of this one is written."""
    client("dynamodb").put_item(TableName="broker", Item=globals_row(EC2))
    monkeypatch.setattr("chalicelib.access.services.recognition.READ_AGAIN", timedelta(0))

    def assume(_sts: object, _settings: object) -> Credentials:
        suspended(call, rita, "alice")
        return Credentials("ASIA1", datetime.now(UTC) + timedelta(hours=1), "canary-secret", "canary-token")

    monkeypatch.setattr("chalicelib.sessions.aws.sts.StsRoleSessions.assume", assume)
    monkeypatch.setattr("chalicelib.sessions.aws.federation.FederationEndpoint.link", lambda *_: "https://signin")
    assert call("POST", path, alice, {"role": "ec2-full", "reason": "look"})[0] == 403


@pytest.mark.parametrize("name", [SSO_ROLE, f"{SSO_ROLE}/dana@example.com"])
def test_sessions_of_persons_end_when_the_role_of_their_permission_set_is_suspended(call, rita, name: str) -> None:
    client("dynamodb").put_item(TableName="broker", Item=globals_row(EC2))
    dana, person = sso_session("dana@example.com"), "sso/dana@example.com"
    who = Caller("role", person, dana["userArn"], ACCOUNT, person)
    made = session(1, who, issued_at=datetime.now(UTC) - timedelta(minutes=10))
    client("dynamodb").put_item(TableName="broker", Item=item(session_to_row(made)))
    done = suspended(call, rita, name)
    assert (done["sessions"], done["failures"]) == ([made.id], [])
    assert call("GET", f"/v1/sessions/{made.id}", rita)[1]["state"] == "revoked"


def test_a_recreated_namesake_is_not_suspended(call, alice, rita) -> None:
    suspended(call, rita, "alice")
    iam = boto3.client("iam", REGION)
    iam.remove_user_from_group(UserName="alice", GroupName="engineers")
    iam.delete_user(UserName="alice")
    assert call("GET", "/v1/whoami", make_user("alice"))[0] == 200


def test_only_those_who_may_revoke_suspend_others_and_nobody_lifts_their_own(call, alice, rita, rows) -> None:
    bob = make_user("bob")
    status, document, _ = call("POST", "/v1/suspensions", bob, {"caller": "alice", "reason": "no reason"})
    assert (status, document["code"]) == (403, "not_allowed")
    assert [json.loads(row["event"])["detail"]["action"] for row in rows("EVENT")] == ["Suspend"]
    assert call("DELETE", f"/v1/suspensions/{NOBODYS}", bob)[0] == 403
    [own] = suspended(call, alice, "alice")["suspensions"]
    assert call("DELETE", f"/v1/suspensions/{own['id']}", alice)[0] == 403


def test_a_name_that_no_caller_has_is_not_found(call, rita) -> None:
    member = "111122223333"
    for name in ("nemo", "nemo/session", "sso/", f"{member}:sso", f"{member}:ci/", f"{member}:ci/a/b", "sso/dana/a"):
        assert call("POST", "/v1/suspensions", rita, {"caller": name, "reason": "typo"})[0] == 404


def test_suspending_twice_is_one_suspension(call, alice, rita) -> None:
    assert suspended(call, rita, "alice")["suspensions"] == suspended(call, rita, "alice")["suspensions"]


def test_callers_are_listed_for_those_who_may_read_the_audit(call, alice, rita) -> None:
    from chalicelib.directory.handlers.function import directory  # noqa: PLC0415  needs the environment

    tick = {"version": "0", "id": "1", "account": "", "region": "", "time": "", "source": "", "detail-type": ""}
    directory({**tick, "resources": [], "detail": {}}, None)
    suspended(call, rita, "alice")
    status, document, _ = call("GET", "/v1/callers", rita)
    assert (status, [(one["name"], one["suspended"]) for one in document["callers"] if one["kind"] == "user"]) == (
        200, [("alice", True), ("rita", False)]
    )  # fmt: skip
    first = call("GET", "/v1/callers", rita, query={"limit": "1"})[1]
    rest = call("GET", "/v1/callers", rita, query={"limit": "1", "cursor": first["next_cursor"]})[1]
    assert [one["name"] for one in (*first["callers"], *rest["callers"])] == ["alice", "api"]
    found = call("GET", "/v1/callers", rita, query={"suspended": "true", "group": "engineers"})[1]["callers"]
    assert [one["name"] for one in found] == ["alice"]
    shown = call("GET", "/v1/callers/rita", rita)[1]
    assert (shown["groups"], shown["id"]) == (["responders"], rita["user"])
    assert call("GET", "/v1/callers/nemo", rita)[0] == 404
    assert call("GET", "/v1/callers", make_user("bob"))[0] == 403
    assert call("GET", "/v1/callers", rita, query={"cursor": "bm90aGluZw=="})[0] == 400
