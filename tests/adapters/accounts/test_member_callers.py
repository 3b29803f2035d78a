"""Callers of member accounts over HTTP on moto: who they are, what they get, and how it is taken back."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.access import wiring
from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.access.aws.member_roles import account_to_row
from chalicelib.core import wiring as core_wiring
from chalicelib.core.aws import rows as table_rows
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import SPOKE_ROLE, Account
from chalicelib.sessions.aws.session_log import session_to_row
from tests.adapters.conftest import ACCOUNT, REGION, make_user
from tests.adapters.provisioning.test_api import LambdaInProcess, invoked
from tests.fakes.core import EC2
from tests.fakes.sessions import session

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LambdaInProcess", "invoked"]

DEV, PROD = (Account(one * 12, alias, "", "/Work", {}, "joined") for one, alias in (("1", "dev"), ("2", "prod")))
ORGANIZATION = "o-a1b2c3d4e5"
PERMISSION_SET = "AWSReservedSSO_Releasers_0123456789abcdef"
IDENTITY_CENTER = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
TRUST = '{"Version": "2012-10-17", "Statement": []}'
RULE = f"""
@id("ci-of-dev") permit (principal in Broker::Group::"{DEV.id}:ci",
  action in [Broker::Action::"TakeCredentials", Broker::Action::"SeeRole"], resource == Broker::Role::"ec2-full");
"""


@dataclass
class Hub:
    """The API of a broker whose organisation has two member accounts."""

    call: Any
    rows: Any

    def role(self, account: str, name: str, session_name: str = "build-7", path: str = "/") -> dict[str, str]:
        """A session of a role, which is made, as API Gateway shows it."""
        iam = in_account(account)
        unique_id = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST)["Role"]["RoleId"]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}"
        user = f"{unique_id}:{session_name}"
        return {"userArn": arn, "user": user, "principalOrgId": ORGANIZATION, "sourceIp": "203.0.113.9"}

    def asks(self, caller: dict[str, str], role: str = "ec2-full") -> tuple[int, dict[str, Any]]:
        status, document, _ = self.call("POST", "/v1/credentials", caller, {"role": role, "reason": "deploy"})
        return status, document

    def put(self, row: dict[str, Any]) -> None:
        boto3.client("dynamodb", REGION).put_item(TableName="broker", Item=table_rows.to_item(row))


def in_account(account: str) -> Any:
    """IAM of an account."""
    if account == ACCOUNT:
        return boto3.client("iam", REGION)
    arn = f"arn:aws:iam::{account}:role/{SPOKE_ROLE}"
    given = boto3.client("sts", REGION).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return boto3.Session(*keys, region_name=REGION).client("iam")


@pytest.fixture
def hub(invoked: LambdaInProcess, call: Any, rows: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    monkeypatch.setenv("BROKER_CALLERS_ORGANIZATION", ORGANIZATION)
    monkeypatch.setattr("chalicelib.directory.services.suspend.SETTLED_SECONDS", 0)
    shutil.copytree("policies", tmp_path / "policies")
    (tmp_path / "policies" / "access" / "members.cedar").write_text(RULE)
    monkeypatch.setattr(wiring, "POLICIES", tmp_path / "policies")
    made = Hub(call, rows)
    for row in (role_to_row(EC2), account_to_row(DEV), account_to_row(PROD)):
        made.put(row)
    return made


def test_a_role_session_of_a_member_gets_what_a_rule_gives_it_and_no_namesake_does(hub: Hub) -> None:
    ci = hub.role(DEV.id, "ci")
    status, document = hub.asks(ci)
    assert status == 201, document
    [row] = hub.rows("SESSION#")
    assert row["caller"] == f"{DEV.id}:ci/build-7"
    assert row["source_identity"].startswith(f"role={DEV.id}=ci,build-7-")
    issued = json.loads(row["event"])
    assert (issued["caller"]["name"], issued["caller"]["arn"]) == (f"{DEV.id}:ci/build-7", ci["userArn"])
    assert issued["decision"]["caller"] | {"tags": {}} == {
        "account": DEV.id,
        "home": {"id": DEV.id, "alias": "dev", "ou_path": "/Work", "tags": {}},
        "groups": [f"{DEV.id}:ci"],
        "tags": {},
        "all_tags": False,
    }
    for namesake in (hub.role(PROD.id, "ci"), hub.role(ACCOUNT, "ci"), hub.role(DEV.id, "ci2")):
        assert hub.asks(namesake)[0] in {403, 404}


def test_what_the_caller_is_shown_as(hub: Hub) -> None:
    _, shown, _ = hub.call("GET", "/v1/whoami", hub.role(DEV.id, "ci"))
    assert (shown["name"], shown["account"], shown["groups"]) == (f"{DEV.id}:ci/build-7", DEV.id, [f"{DEV.id}:ci"])
    assert (shown["tags"], shown["rights"]) == ({}, [])
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    person = hub.role(DEV.id, "AWSReservedSSO_BrokerApprovers_0123456789abcdef", "ann", path)
    _, shown, _ = hub.call("GET", "/v1/whoami", person)
    assert (shown["name"], shown["groups"]) == (f"{DEV.id}:sso/ann", [f"{DEV.id}:sso/BrokerApprovers"])


def test_who_is_not_let_in_is_refused_and_on_record(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger, ci = hub.role("9" * 12, "ci"), hub.role(DEV.id, "ci")
    user = {**ci, "userArn": f"arn:aws:iam::{DEV.id}:user/alice", "user": "AIDA1"}
    told = [
        hub.asks(one) for one in (stranger, user, {**ci, "user": "AROAOLD:build-7"}, {**ci, "principalOrgId": "o-x"})
    ]
    assert [(status, document["code"]) for status, document in told] == [(403, "not_allowed")] * len(told)
    assert len({document["detail"] for _, document in told}) == len(told)
    refusals = [json.loads(row["event"]) for row in hub.rows("EVENT#")]
    assert {one["caller"]["arn"].split(":")[4] for one in refusals} == {DEV.id, stranger["userArn"].split(":")[4]}
    for state in ("left", "unreachable"):
        hub.put(account_to_row(replace(DEV, state=state)))
        assert hub.asks(ci)[0] == 403
    hub.put(account_to_row(DEV))
    assert hub.asks(ci)[0] == 201
    monkeypatch.setenv("BROKER_CALLERS_ORGANIZATION", "")
    wiring.member_recognition.cache_clear()
    core_wiring.config.cache_clear()
    wiring.authentication.cache_clear()
    assert hub.asks(ci)[0] == 403


def test_a_session_of_a_brokered_role_there_asks_for_nothing(hub: Hub) -> None:
    for path in ("/access-broker/", "/access-broker-workloads/"):
        status, document = hub.asks(hub.role(DEV.id, f"ci{path.count('-')}", path=path))
        assert (status, "Sign with your own keys" in document["detail"]) == (403, True)


def test_keys_and_devices_of_ones_own_are_for_iam_users(hub: Hub) -> None:
    ci = hub.role(DEV.id, "ci")
    assert hub.call("GET", "/v1/me", ci)[0] == hub.call("POST", "/v1/me/access-keys", ci)[0] == 403


def test_a_caller_is_revoked_by_name_and_a_namesake_lives_on(hub: Hub) -> None:
    ci, rita = hub.role(DEV.id, "ci"), make_user("rita", "responders")
    long_ago = datetime.now(UTC) - timedelta(minutes=10)
    theirs = session(1, of_dev(ci), issued_at=long_ago)
    hubs = session(2, Caller("role", "ci/build-7", "", ACCOUNT, "AROA2:build-7"), issued_at=long_ago)
    for one in (theirs, hubs):
        hub.put(session_to_row(one))
    body = {"caller": f"{DEV.id}:ci/build-7", "reason": "leak"}
    revoked = hub.call("POST", "/v1/revocations", rita, body)[1]["revocation"]
    states = [hub.call("GET", f"/v1/sessions/{one.id}", rita)[1]["state"] for one in (theirs, hubs)]
    assert (revoked["sessions"], states) == ([theirs.id], ["revoked", "active"])
    body = {"caller": f"{ACCOUNT}:ci/build-7", "reason": "the hub's own id says nothing"}
    assert hub.call("POST", "/v1/revocations", rita, body)[1]["revocation"]["sessions"] == [hubs.id]


def test_a_member_ends_its_own_session_and_no_other(hub: Hub) -> None:
    ci = hub.role(DEV.id, "ci")
    own = session(1, of_dev(ci), issued_at=datetime.now(UTC) - timedelta(minutes=1))
    other = session(2, issued_at=datetime.now(UTC) - timedelta(minutes=1))
    for one in (own, other):
        hub.put(session_to_row(one))
    assert hub.call("DELETE", f"/v1/sessions/{own.id}", ci)[1]["state"] == "revoked"
    assert hub.call("DELETE", f"/v1/sessions/{other.id}", ci)[0] == 404


@pytest.mark.parametrize("name", [f"{DEV.id}:ci", f"{DEV.id}:CI", f"{DEV.id}:ci/build-7"])
def test_a_suspension_is_by_name_and_takes_live_sessions_with_it(hub: Hub, name: str) -> None:
    ci, rita = hub.role(DEV.id, "ci"), make_user("rita", "responders")
    made = session(1, of_dev(ci), issued_at=datetime.now(UTC) - timedelta(minutes=10))
    hub.put(session_to_row(made))
    status, done, _ = hub.call("POST", "/v1/suspensions", rita, {"caller": name, "reason": "leak"})
    assert (status, done["sessions"], hub.asks(ci)[0]) == (201, [made.id], 403)
    [suspension] = done["suspensions"]
    assert hub.call("DELETE", f"/v1/suspensions/{suspension['id']}", rita)[0] == 200
    assert hub.asks(ci)[0] == 201


@pytest.mark.parametrize("name", ["sso/ann", "sso/Ann"])
def test_a_suspended_person_is_out_in_every_account_with_the_sessions_of_each(hub: Hub, name: str) -> None:
    ann, rita = hub.role(DEV.id, PERMISSION_SET, "ann", IDENTITY_CENTER), make_user("rita", "responders")
    person = Caller("role", f"{DEV.id}:sso/ann", ann["userArn"], DEV.id, f"sso/ann/{DEV.id}")
    made = session(1, person, issued_at=datetime.now(UTC) - timedelta(minutes=10))
    hub.put(session_to_row(made))
    done = hub.call("POST", "/v1/suspensions", rita, {"caller": name, "reason": "laptop lost"})[1]
    assert (done["sessions"], hub.call("GET", "/v1/whoami", ann)[0]) == ([made.id], 403)


def test_a_suspension_of_the_hubs_role_leaves_a_members_namesake_alone(hub: Hub) -> None:
    ci, rita = hub.role(DEV.id, "ci"), make_user("rita", "responders")
    hub.role(ACCOUNT, "ci")
    made = session(1, of_dev(ci), issued_at=datetime.now(UTC) - timedelta(minutes=10))
    hub.put(session_to_row(made))
    done = hub.call("POST", "/v1/suspensions", rita, {"caller": "ci", "reason": "leak"})[1]
    assert (done["sessions"], hub.asks(ci)[0]) == ([], 201)


def test_the_callers_access_is_explained_to_itself_and_to_those_who_may_ask(hub: Hub) -> None:
    ci, grace = hub.role(DEV.id, "ci"), make_user("grace", "auditors")
    hub.role(DEV.id, "ours", path="/access-broker/")
    told = hub.call("POST", "/v1/explain", ci, {"role": "ec2-full"})[1]
    layers = {one["layer"]: one for one in told["layers"]}
    assert (layers["access_rule"]["by"], layers["counted_as"]["by"]) == ("ci-of-dev", "role session")
    assert hub.call("POST", "/v1/explain", ci, {"role": "ec2-full", "caller": "grace"})[0] == 403
    about = hub.call("POST", "/v1/explain", grace, {"role": "ec2-full", "caller": f"{DEV.id}:ci/build-7"})[1]
    assert (about["caller"], about["layers"]) == (told["caller"], told["layers"])
    for name, why in (
        (f"{DEV.id}:gone/build-7", "no role gone"),
        (f"{'9' * 12}:ci/build-7", "registry"),
        (f"{DEV.id}:ours/alice-1", "is the broker's own"),
        (f"{DEV.id}:ci", "ACCOUNT ID:ROLE/SESSION"),
        (f"{DEV.id}:sso/ann", "ACCOUNT ID:ROLE/SESSION"),
    ):
        status, document, _ = hub.call("POST", "/v1/explain", grace, {"role": "ec2-full", "caller": name})
        assert (status, why in document["detail"]) == (404, True), document


def of_dev(identity: dict[str, str]) -> Caller:
    unique_id = f"{DEV.id}:ci/{identity['user']}"
    return Caller("role", f"{DEV.id}:ci/build-7", identity["userArn"], DEV.id, unique_id)


APPROVALS = f"""
@id("release-with-approval") @approvals("1") permit (principal in Broker::Group::"{DEV.id}:release",
  action in [Broker::Action::"TakeCredentials", Broker::Action::"RequestAccess", Broker::Action::"SeeRole"], resource);
@id("hub-asks") @approvals("1") permit (principal in Broker::Group::"sso/Releasers",
  action in [Broker::Action::"TakeCredentials", Broker::Action::"RequestAccess"], resource);
@id("leads-decide") permit (principal in Broker::Account::"{DEV.id}", action == Broker::Action::"Approve", resource);
"""


def test_a_member_asks_and_decides_where_rules_say_so_and_no_principal_agrees_with_itself(
    hub: Hub, tmp_path: Path
) -> None:
    (tmp_path / "policies" / "access" / "approvals.cedar").write_text(APPROVALS)
    release, lead = hub.role(DEV.id, "release"), hub.role(DEV.id, "lead")
    other_session = {**release, "userArn": release["userArn"] + "b", "user": release["user"] + "b"}
    of_prod = hub.role(PROD.id, "lead")
    wanted = {"role": "ec2-full", "reason": "release", "duration_seconds": 3600}
    assert hub.asks(release)[1]["code"] == "approval_required"
    filed = hub.call("POST", "/v1/requests", release, wanted)[1]
    assert filed["caller"] == f"{DEV.id}:release/build-7"
    approve = f"/v1/requests/{filed['id']}/approve"
    told = [hub.call("POST", approve, one, {})[:2] for one in (release, other_session, of_prod)]
    assert [(status, document["code"]) for status, document in told] == [
        (403, "not_allowed"), (403, "not_allowed"), (404, "not_found")
    ]  # fmt: skip
    assert hub.call("POST", approve, lead, {})[1]["state"] == "approved"
    assert hub.asks(release)[0] == 201


def test_requests_of_a_suspended_role_are_cancelled_whichever_session_filed_them(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "policies" / "access" / "approvals.cedar").write_text(APPROVALS)
    release, rita = hub.role(DEV.id, "release"), make_user("rita", "responders")
    filed = hub.call("POST", "/v1/requests", release, {"role": "ec2-full", "reason": "release"})[1]
    for name, cancelled in ((f"{DEV.id}:rel", []), (f"{DEV.id}:release", [filed["id"]])):
        done = hub.call("POST", "/v1/suspensions", rita, {"caller": name, "reason": "leak"})[1]
        assert (done["requests"], done["failures"]) == (cancelled, [])


def test_a_person_does_not_approve_from_a_member_account_what_they_asked_for_in_the_hub(
    hub: Hub, tmp_path: Path
) -> None:
    (tmp_path / "policies" / "access" / "approvals.cedar").write_text(APPROVALS)
    ann, there, bea = (
        hub.role(account, name, person, IDENTITY_CENTER)
        for account, name, person in (
            (ACCOUNT, PERMISSION_SET, "ann"),
            (DEV.id, PERMISSION_SET, "ann"),
            (DEV.id, PERMISSION_SET.replace("Releasers", "Leads"), "bea"),
        )
    )
    wanted = {"role": "ec2-full", "reason": "release", "duration_seconds": 3600}
    filed = hub.call("POST", "/v1/requests", ann, wanted)[1]
    status, document, _ = hub.call("POST", f"/v1/requests/{filed['id']}/approve", there, {})
    assert (status, "requester never decides" in document["detail"]) == (403, True)
    assert hub.call("GET", f"/v1/requests/{filed['id']}", bea)[0] == 200
    assert hub.call("POST", f"/v1/requests/{filed['id']}/approve", bea, {})[1]["state"] == "approved"
    assert hub.asks(ann)[0] == 201
    assert hub.asks(there)[0] != 201  # the grant is the hub's person's
