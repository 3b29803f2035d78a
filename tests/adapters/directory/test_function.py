"""The directory function and the reading of its rows, on moto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.access.aws.sights_table import TableSights
from chalicelib.access.domain.facts import Facts
from chalicelib.core.aws.clients import client, made
from chalicelib.core.domain.callers import caller_from_identity
from chalicelib.core.domain.errors import Conflict
from chalicelib.core.wiring import clock
from chalicelib.directory.aws.table import TableDirectory
from chalicelib.directory.domain.changes import Changes
from tests.adapters.conftest import REGION, make_user
from tests.fakes.core import NOW, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

TICK = {"version": "0", "id": "1", "account": "", "region": "", "time": "", "source": "", "detail-type": ""}
TRUST = '{"Version": "2012-10-17", "Statement": []}'


@pytest.fixture
def run(account: None) -> Callable[[], dict[str, Any]]:
    from chalicelib.directory.handlers.function import directory  # noqa: PLC0415  needs the environment

    def once() -> dict[str, Any]:
        answer: dict[str, Any] = directory({**TICK, "resources": [], "detail": {}}, None)
        return answer

    return once


def calls_to(service: str) -> list[str]:
    """The names of the calls to a service from now on."""
    seen: list[str] = []
    made(service, None).meta.events.register(f"before-call.{service}", lambda model, **_: seen.append(model.name))
    return seen


def test_a_caller_is_known_without_a_call_to_iam_once_the_function_has_run(run, alice, call) -> None:
    answer = run()
    assert (answer["ok"], answer["complete"]) == (True, True)
    asked = calls_to("iam")
    status, document, _ = call("GET", "/v1/whoami", alice)
    assert (status, document["groups"], asked) == (200, ["engineers"], [])


def test_a_caller_who_is_newer_than_the_last_run_is_read_from_iam(run, alice, call) -> None:
    run()
    dana = make_user("dana", "engineers", team="web")
    _, document, _ = call("GET", "/v1/whoami", dana)
    assert (document["groups"], document["tags"]) == (["engineers"], {"team": "web"})


def test_the_next_run_takes_over_what_changed(run, alice, call) -> None:
    run()
    boto3.client("iam", REGION).remove_user_from_group(UserName="alice", GroupName="engineers")
    assert call("GET", "/v1/whoami", alice)[1]["groups"] == ["engineers"]
    answer = run()
    assert (answer["written"], answer["removed"]) == (1, 0)
    assert call("GET", "/v1/whoami", alice)[1]["groups"] == []


def test_a_credential_is_one_read_one_write_and_one_assume_role(run, alice, call, catalogued) -> None:
    run()
    iam, dynamodb, sts = calls_to("iam"), calls_to("dynamodb"), calls_to("sts")
    for _ in range(2):
        assert call("POST", "/v1/credentials", alice, {"role": "ec2-full"})[0] == 201
    assert (iam, sts) == ([], ["AssumeRole"] * 2)
    assert sorted(dynamodb) == ["PutItem"] * 2 + ["TransactGetItems"] * 2


@pytest.fixture
def catalogued(account: None) -> None:
    """The role of the samples, as the provisioner leaves it."""
    role = boto3.client("iam", REGION).create_role(
        RoleName="ec2-full", Path="/access-broker/", AssumeRolePolicyDocument=TRUST
    )["Role"]
    boto3.resource("dynamodb", REGION).Table("broker").put_item(
        Item={"pk": "ROLE", "sk": "ec2-full", "arn": role["Arn"], "tags": {"access-broker:audience": "engineers"}}
    )


@pytest.fixture
def table(account: None) -> TableDirectory:
    return TableDirectory(client("dynamodb"), "broker", lambda _attempt: None)


def facts(number: int) -> Facts:
    arn = f"arn:aws:iam::123456789012:user/u{number}"
    return Facts(f"AIDA{number:04}", "user", f"u{number}", arn, ("a",), {"k": "v"})


def test_rows_come_back_as_they_were_written_however_many(table: TableDirectory) -> None:
    many = tuple(map(facts, range(250)))
    assert table.begin("run-1", NOW, NOW) == ""
    table.write("run-1", Changes(many))
    assert table.known() == {one.unique_id: one for one in many}
    table.write("run-1", Changes(remove=("AIDA0001",)))
    assert "AIDA0001" not in table.known()


def test_a_run_that_is_not_the_latest_can_write_nothing(table: TableDirectory) -> None:
    clock_ = Clock()
    table.begin("run-1", clock_(), clock_())
    clock_.pass_seconds(1)
    assert table.begin("run-2", clock_(), clock_()) == "run-1"
    for act in (
        lambda: table.write("run-1", Changes((facts(1),))),
        lambda: table.finish("run-1", NOW),
        lambda: table.give_up("run-1", NOW),
    ):
        with pytest.raises(Conflict):
            act()
    assert table.known() == {}


def test_the_marker_says_when_the_whole_was_seen_and_when_iam_failed(table: TableDirectory, alice) -> None:
    sights = TableSights(client("dynamodb"), "broker", clock, lambda _attempt: None)
    caller = caller_from_identity(alice)
    assert sights.look(caller, "").marker.seen_at is None
    table.begin("run-1", NOW, NOW)
    table.finish("run-1", NOW)
    assert sights.look(caller, "no-such-role").marker.seen_at == NOW
    table.begin("run-2", clock(), clock())
    assert table.give_up("run-2", NOW).failed_at == sights.look(caller, "").marker.failed_at == NOW
