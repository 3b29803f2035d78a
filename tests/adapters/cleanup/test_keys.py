"""Old access keys on moto, from the schedule's event to IAM and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import jsonschema
import pytest

from chalicelib.chat.domain.cleanup_messages import cleanup_message
from chalicelib.core.aws.functions import CHANGING, OrderedFunction
from chalicelib.core.domain.errors import Conflict, NotFound
from chalicelib.provisioning.aws.key_marks import TableKeyMarks
from chalicelib.provisioning.domain.key_marks import KeyMark
from chalicelib.provisioning.handlers.function import provision
from tests.adapters.audit.test_function import SCHEMA
from tests.adapters.cleanup.account import cleanup_account, today
from tests.adapters.conftest import REGION, make_user
from tests.fakes.cleanup_users import FakeKeyMarks

if TYPE_CHECKING:
    from tests.adapters.cleanup.account import CleanupAccount

__all__ = ["cleanup_account"]


@pytest.fixture
def dana(cleanup_account: CleanupAccount) -> str:
    """The key of a user that the broker made, whose Slack account is known."""
    user = {"access_key": True, "tags": {"access-broker:slack": "T1/U1"}}
    made = provision({"action": "create_user", "name": "dana", "user": user}, None)
    return str(made["result"]["access_key"]["access_key_id"])


def status(account: CleanupAccount) -> str:
    return str(account.iam.list_access_keys(UserName="dana")["AccessKeyMetadata"][0]["Status"])


def step(account: CleanupAccount, days: float, **settings: str) -> tuple[str, str | None]:
    """A run so many days from now; the change of the one key, and its next stage."""
    account.clock(days, KEYS_UP_TO="deactivated", **settings)
    report = account.run()["result"]
    assert report["failures"] == []
    return next(((key["change"], key["next_stage"]) for key in report["keys"]), ("", None))


def of_me(account: CleanupAccount) -> Any:
    """The stage, as the owner sees it."""
    user = account.iam.get_user(UserName="dana")["User"]
    caller = {"kind": "user", "name": "dana", "arn": user["Arn"], "account": "1", "unique_id": user["UserId"]}
    return provision({"action": "own_show", "origin": {"caller": caller}}, None)["result"]["access_keys"][0]["cleanup"]


def test_a_key_passes_every_stage_and_comes_back_with_one_command(cleanup_account, dana, call, rows) -> None:
    assert step(cleanup_account, 89) == ("", None)
    assert step(cleanup_account, 90) == ("reported", "warned")
    assert step(cleanup_account, 97) == ("warned", "deactivated")
    seen = of_me(cleanup_account)
    assert (seen["stage"], seen["next_at"] > seen["since"]) == ("warned", True)
    assert step(cleanup_account, 111) == ("deactivated", None)
    assert (status(cleanup_account), of_me(cleanup_account)["stage"]) == ("Inactive", "deactivated")
    admin = make_user("root-of-trust", "broker-administrators")
    for restored in ([dana], []):
        code, answer, _ = call("POST", "/v1/users/dana/access-keys/restore", admin)
        assert (code, answer) == (200, {"name": "dana", "restored": restored})
    assert (status(cleanup_account), of_me(cleanup_account)) == ("Active", None)
    cleanup_account.clock(112 - 111)
    assert cleanup_account.run()["result"]["keys"] == []
    actions = [json.loads(row["event"])["detail"].get("action") for row in rows("EVENT#")]
    assert sorted(actions) == ["deactivate_key", "restore_key"]


def test_each_step_is_an_event_that_chat_tells_to_the_owner(cleanup_account, dana, rows) -> None:
    told = []
    for days in (90, 97, 111):
        step(cleanup_account, days)
        (row,) = rows("CLEANUP#KEYS")
        event = json.loads(row["event"])
        chained = {"recorded_at": event["at"], "seq": 1, "previous": "0" * 64, "hash": "0" * 64}
        jsonschema.validate({**event, **chained}, SCHEMA)
        told.append(cleanup_message(event))
    assert [message and dana in message.text for message in told] == [None, True, True]
    _, warned, deactivated = map(str, told)
    assert "<@U1>" in warned
    assert "broker keys restore dana" in deactivated


def test_only_an_administrator_restores_and_only_users_that_the_broker_made(cleanup_account, dana, call) -> None:
    for days in (90, 97, 111):
        step(cleanup_account, days)
    assert call("POST", "/v1/users/dana/access-keys/restore", make_user("alice", "engineers"))[0] in {403, 404}
    assert status(cleanup_account) == "Inactive"
    admin = make_user("root-of-trust", "broker-administrators")
    for name in ("alice", "root-of-trust", "no-one"):
        assert call("POST", f"/v1/users/{name}/access-keys/restore", admin)[0] == 404
    assert call("POST", "/v1/users/dana/access-keys/restore", admin, {"keys": [dana]})[0] == 400


def test_the_provisioner_deactivates_no_key_of_others_and_activates_none_that_clean_up_left_alone(
    cleanup_account, dana
) -> None:
    make_user("alice", "engineers")
    other = cleanup_account.iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    functions: Any = cleanup_account.functions
    provisioner = OrderedFunction(functions, "broker-provision", CHANGING)
    assert provisioner.order({"action": "look_at_keys", "names": ["alice", "no-one"]}) == {"keys": []}
    for action in ("deactivate_key", "activate_key"):
        for name, key in (("alice", other), ("dana", other)):
            with pytest.raises(NotFound):
                provisioner.order({"action": action, "name": name, "own": {"key": key}})
    cleanup_account.iam.update_access_key(UserName="dana", AccessKeyId=dana, Status="Inactive")
    with pytest.raises(Conflict):
        provisioner.order({"action": "activate_key", "name": "dana", "own": {"key": dana}})
    assert status(cleanup_account) == "Inactive"


@pytest.mark.parametrize("kind", ["table", "fake"])
def test_a_mark_is_written_over_the_version_before_it_and_over_no_other(account, kind: str) -> None:
    table = TableKeyMarks(boto3.client("dynamodb", REGION), "broker")
    marks = table if kind == "table" else FakeKeyMarks(lambda _: None)
    first = KeyMark("AKIA1", "dana", "reported", today(), today())
    marks.save(first, None)
    with pytest.raises(Conflict):
        marks.save(first, None)
    second = first.entered("warned", today(), today()).about_to("deactivated")
    with pytest.raises(Conflict):
        marks.save(second, None)
    marks.save(first.about_to("deactivated"), None)
    marks.forget(first)
    assert marks.get("AKIA1") == first.about_to("deactivated")
    assert [mark.key for mark in marks.every()] == ["AKIA1"]
    marks.forget(first.about_to("deactivated"))
    assert marks.get("AKIA1") is None
