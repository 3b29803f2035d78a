"""The use of a role over HTTP on moto: its sessions' calls, its policies, and for whom this is to see."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.core.aws import rows as table_rows
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.callers import Caller
from chalicelib.insight.services.role_usage import READS
from chalicelib.sessions.aws.session_log import session_to_row
from tests.adapters.conftest import ACCOUNT, make_user
from tests.fakes.core import EC2
from tests.fakes.sessions import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.domain.sessions import Session

NOW = datetime.now(UTC)
PATH = "/v1/roles/ec2-full/usage"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["ec2:DescribeVpcs", "ec2:DescribeInstances", "ec2:StopInstances"], "Resource": "*"},
]}  # fmt: skip
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


@pytest.fixture
def axel(account: None) -> dict[str, str]:
    """An auditor."""
    return make_user("axel", "auditors")


@pytest.fixture
def trail(account: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The role in IAM, and for each session name the events that CloudTrail answers: moto has none of its own."""
    monkeypatch.setenv("BROKER_BOUNDARY_ARN", BOUNDARY)
    monkeypatch.setenv("BROKER_PROVISION_FUNCTION", "provision")
    iam = client("iam")
    iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(EVERYTHING))
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(
        RoleName="ec2-full", Path="/access-broker/", AssumeRolePolicyDocument=trust, PermissionsBoundary=BOUNDARY
    )
    iam.put_role_policy(RoleName="ec2-full", PolicyName="own", PolicyDocument=json.dumps(POLICY))
    client("dynamodb").put_item(TableName="broker", Item=table_rows.to_item(role_to_row(EC2)))
    events: dict[str, list[str]] = {}
    instead(client("cloudtrail", "us-east-1"), "LookupEvents", lambda asked: _looked_up(events, asked))
    instead(iam, "GenerateServiceLastAccessedDetails", lambda _asked: {"JobId": "1"})
    tracked = [{"ActionName": name, "LastAccessedTime": NOW} for name in ("StopInstances", "RunInstances")]
    ec2 = {"ServiceNamespace": "ec2", "LastAuthenticated": NOW, "TrackedActionsLastAccessed": tracked}
    done = {"JobStatus": "COMPLETED", "ServicesLastAccessed": [ec2], "IsTruncated": False}
    instead(iam, "GetServiceLastAccessedDetails", lambda _asked: done)
    return events


def instead(of: Any, operation: str, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer this operation without AWS."""
    service = of.meta.service_model.service_id.hyphenize()
    asked: dict[str, Any] = {}
    of.meta.events.register(f"provide-client-params.{service}.{operation}", lambda params, **_: asked.update(params))

    class Ok:
        status_code = 200

    of.meta.events.register(f"before-call.{service}.{operation}", lambda **_: (Ok, answer(asked)))


def _looked_up(events: dict[str, list[str]], asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["LookupAttributes"][0]["AttributeValue"]
    return {"Events": [_event(name, number, action) for number, action in enumerate(events.get(name, []))]}


def _event(name: str, number: int, action: str) -> dict[str, Any]:
    identity = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ec2-full/{name}"}
    error = {"errorCode": "UnauthorizedOperation"} if action.startswith("Run") else {}
    record = {
        "eventID": f"{name}-{number}", "eventTime": "2026-11-23T12:00:00Z", "eventSource": "ec2.amazonaws.com",
        "eventName": action, "userIdentity": identity, **error,
    }  # fmt: skip
    return {"CloudTrailEvent": json.dumps(record), "Resources": []}


def issued(number: int, who: dict[str, str], name: str) -> Session:
    caller = Caller("user", name, who["userArn"], ACCOUNT, who["user"])
    made = session(number, caller, issued_at=NOW - timedelta(minutes=number))
    client("dynamodb").put_item(TableName="broker", Item=table_rows.to_item(session_to_row(made)))
    return made


def named(uses: list[dict[str, Any]]) -> dict[str, tuple[int, int, str]]:
    return {use["action"]: (use["count"], use["denied"], use["allowed"]) for use in uses}


def test_the_use_of_a_role_stands_beside_what_it_allows(call, axel, alice, trail) -> None:
    trail[issued(1, alice, "alice").session_name] = ["DescribeVpcs", "DescribeVpcs", "RunInstances", "NoSuchThing"]
    status, document, _ = call("GET", PATH, axel)
    assert status == 200
    assert named(document["used"]) == {"DescribeVpcs": (2, 0, "everywhere"), "RunInstances": (0, 1, "no")}
    assert (document["sessions"], document["unmatched"]) == (1, ["ec2:NoSuchThing"])
    assert document["unused"] == [{"service": "ec2", "allowed": 3, "actions": ["DescribeInstances", "StopInstances"]}]
    [ec2] = document["last_accessed"]["services"]
    assert {one["action"]: one["allowed"] for one in ec2["actions"]} == {
        "StopInstances": "everywhere", "RunInstances": "no"
    }  # fmt: skip


def test_many_sessions_come_in_pages_and_only_the_first_has_the_rest(call, axel, alice, trail) -> None:
    for number in range(1, READS + 2):
        trail[issued(number, alice, "alice").session_name] = ["DescribeVpcs"]
    first = call("GET", PATH, axel)[1]
    assert (first["sessions"], named(first["used"])["DescribeVpcs"][0]) == (READS, READS)
    second = call("GET", PATH, axel, query={"cursor": first["next_cursor"]})[1]
    assert (second["sessions"], second["next_cursor"]) == (1, None)
    assert (second["unused"], second["last_accessed"]) == (None, None)


def test_callers_who_see_the_role_read_their_own_use_and_no_other(call, alice, axel, trail, rows) -> None:
    eve = make_user("eve", "engineers")
    trail[issued(1, alice, "alice").session_name] = ["DescribeVpcs"]
    trail[issued(2, eve, "eve").session_name] = ["DescribeInstances"]
    own = call("GET", PATH, alice, query={"caller": "alice"})[1]
    assert (list(named(own["used"])), own["unused"], own["last_accessed"]) == (["DescribeVpcs"], None, None)
    for query in ({}, {"caller": "eve"}):
        assert call("GET", PATH, alice, query=query)[1]["code"] == "not_allowed"
    assert len(rows("EVENT#")) == 2


def test_to_a_caller_who_does_not_see_the_role_it_is_not_there(call, axel, trail) -> None:
    stranger, hidden = make_user("stranger"), replace(EC2, name="hidden", tags={"access-broker:visibility": "audience"})
    client("dynamodb").put_item(TableName="broker", Item=table_rows.to_item(role_to_row(hidden)))
    for who, name in ((stranger, "hidden"), (stranger, "none"), (axel, "none")):
        assert call("GET", f"/v1/roles/{name}/usage", who)[1]["code"] == "not_found"
    own = call("GET", "/v1/roles/hidden/usage", stranger, query={"caller": "stranger"})
    assert own[1]["code"] == "not_found"


def test_sessions_that_never_were_are_not_looked_up(call, axel, alice, trail) -> None:
    made = issued(1, alice, "alice")
    failed = session_to_row(session(1, Caller("user", "alice", made.caller_arn, ACCOUNT, made.caller_id),
                                    issued_at=made.issued_at, failed=True))  # fmt: skip
    client("dynamodb").put_item(TableName="broker", Item=table_rows.to_item(failed))
    trail[made.session_name] = ["DescribeVpcs"]
    assert call("GET", PATH, axel)[1]["used"] == []
