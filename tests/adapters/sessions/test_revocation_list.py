"""Revocation lists in the table and the inline policy in IAM, on moto; the fakes by the same contract."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.core.aws.clients import client
from chalicelib.core.domain.errors import Conflict, NotFound
from chalicelib.core.domain.ids import new_id
from chalicelib.sessions.aws.revocation_list import TableRevocationList
from chalicelib.sessions.aws.revocation_policy import IamRevocationPolicy
from chalicelib.sessions.domain.revocation import Cutoff, RoleRevocations
from chalicelib.sessions.domain.revocation_policy import POLICY_NAME, policy_document
from tests.adapters.conftest import REGION
from tests.fakes.sessions import FakeRevocationList, FakeRevocationPolicy

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
S1, S2 = new_id(NOW, b"1" * 10), new_id(NOW, b"2" * 10)


@pytest.fixture
def table(account: None) -> TableRevocationList:
    return TableRevocationList(client("dynamodb"), "broker")


@pytest.fixture(params=["fake", "table"])
def lists(request: pytest.FixtureRequest) -> Any:
    return FakeRevocationList() if request.param == "fake" else request.getfixturevalue("table")


@pytest.fixture
def iam_policies(account: None) -> IamRevocationPolicy:
    iam = boto3.client("iam", REGION)
    iam.create_role(RoleName="ec2-full", Path="/access-broker/", AssumeRolePolicyDocument="{}")
    return IamRevocationPolicy(client("iam"))


@pytest.fixture(params=["fake", "moto"])
def policies(request: pytest.FixtureRequest) -> Any:
    if request.param == "moto":
        return request.getfixturevalue("iam_policies")
    fake = FakeRevocationPolicy()
    fake.gone = {"gone"}
    return fake


def test_a_role_that_was_never_revoked_has_an_empty_list(lists) -> None:
    assert lists.get("ec2-full").empty


def test_a_saved_list_comes_back_whole_one_version_on(lists) -> None:
    wanted = RoleRevocations("ec2-full").with_session(S1, LATER, "alice").with_caller("alice", Cutoff(NOW, LATER))
    lists.save(wanted, '{"id": "e1"}')
    found = lists.get("ec2-full")
    assert (found.sessions, found.callers, found.everyone) == (wanted.sessions, wanted.callers, None)
    assert found.owners == {S1: "alice"}
    assert (found.version, found.rendered) == (1, 0)
    assert lists.every() == [found]


def test_a_list_that_an_earlier_version_wrote_is_read(table) -> None:
    old: dict[str, Any] = {
        "sessions": {S1: LATER.isoformat()},
        "callers": {},
        "everyone": {},
        "version": 3,
        "rendered": 3,
    }
    boto3.resource("dynamodb", REGION).Table("broker").put_item(Item={"pk": "REVOCATIONS", "sk": "ec2-full", **old})
    assert (table.get("ec2-full").sessions, table.get("ec2-full").owners) == ({S1: LATER}, {})


def test_a_list_saved_over_another_version_is_a_conflict(lists) -> None:
    read = lists.get("ec2-full")
    lists.save(read.with_session(S1, LATER, "alice"), None)
    with pytest.raises(Conflict):
        lists.save(read.with_session(S2, LATER, "alice"), None)
    current = lists.get("ec2-full")
    lists.save(current.with_everyone(Cutoff(LATER, LATER)), None)
    with pytest.raises(Conflict):
        lists.save(current.with_session(S2, LATER, "alice"), None)
    assert lists.get("ec2-full").everyone == Cutoff(LATER, LATER)


def test_the_event_rides_in_the_row_and_pruning_leaves_it_alone(table) -> None:
    table.save(table.get("ec2-full").with_session(S1, NOW, "alice"), '{"id": "e1"}')
    table.save(table.get("ec2-full").pruned(LATER), None)
    row = (
        boto3.resource("dynamodb", REGION).Table("broker").get_item(Key={"pk": "REVOCATIONS", "sk": "ec2-full"})["Item"]
    )
    assert (row["event"], row["sessions"]) == ('{"id": "e1"}', {})


def test_the_rendered_version_is_remembered_without_a_new_version(lists) -> None:
    lists.save(lists.get("ec2-full").with_session(S1, LATER, "alice"), None)
    lists.mark_rendered("ec2-full", 1)
    assert (lists.get("ec2-full").version, lists.get("ec2-full").rendered) == (1, 1)


def test_the_policy_is_put_read_and_removed(policies) -> None:
    document = policy_document(RoleRevocations("ec2-full").with_session(S1, LATER, "alice"))
    assert policies.current("ec2-full") is None
    policies.put("ec2-full", document)
    assert policies.current("ec2-full") == document
    policies.remove("ec2-full")
    policies.remove("ec2-full")
    assert policies.current("ec2-full") is None


def test_other_inline_policies_are_measured_and_ours_is_not(iam_policies) -> None:
    iam = boto3.client("iam", REGION)
    statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    other = json.dumps({"Version": "2012-10-17", "Statement": statement}, indent=4)
    iam.put_role_policy(RoleName="ec2-full", PolicyName="own", PolicyDocument=other)
    iam.put_role_policy(RoleName="ec2-full", PolicyName=POLICY_NAME, PolicyDocument=other)
    assert iam_policies.others("ec2-full") == len("".join(other.split()))


def test_a_role_that_is_gone_is_not_found(policies) -> None:
    with pytest.raises(NotFound):
        policies.others("gone")
    with pytest.raises(NotFound):
        policies.put("gone", {"Version": "2012-10-17", "Statement": []})
    policies.remove("gone")
