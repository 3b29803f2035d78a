"""The provisioner's rows on DynamoDB: what carries its event, and one holder per lease."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.access.aws.catalogue import TableCatalogue
from chalicelib.cleanup.aws.signs_of_use import TableSigns
from chalicelib.core.aws.clients import client
from chalicelib.core.aws.leases import TableLeases
from chalicelib.core.domain.events import AuditEvent
from chalicelib.core.domain.roles import Role
from chalicelib.provisioning.aws.provision_log import TableProvisionLog
from chalicelib.provisioning.domain.unfinished import UnfinishedChange
from chalicelib.provisioning.domain.users import HandedOut, User
from tests.fakes.core import FakeLeases
from tests.fakes.provisioning import ADMIN
from tests.fakes.provisioning_table import FakeProvisionLog

if TYPE_CHECKING:
    from chalicelib.core.services.leases import LeaseStore
    from chalicelib.provisioning.services.records import ProvisionLog

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
ROLE = Role(
    "tool", "arn:aws:iam::123456789012:role/access-broker/tool", "a tool", {"team": "web"}, 7200, ("bob",),
    demands_external_id=True,
)  # fmt: skip
EXPORT: dict[str, Any] = {"name": "tool", "state": {"tags": {"team": "web"}, "max_session_seconds": 7200}}


def event(number: int, kind: str = "provision") -> AuditEvent:
    return AuditEvent(f"{number:026}", kind, NOW, ADMIN, role="tool")


@pytest.fixture(params=["fake", "moto"])
def log(request: pytest.FixtureRequest, account: None) -> ProvisionLog:
    return FakeProvisionLog() if request.param == "fake" else TableProvisionLog(client("dynamodb"), "broker")


@pytest.fixture(params=["fake", "moto"])
def leases(request: pytest.FixtureRequest, account: None) -> LeaseStore:
    return FakeLeases() if request.param == "fake" else TableLeases(client("dynamodb"), "broker")


def test_a_role_is_recorded_and_forgotten_with_its_export(log) -> None:
    assert (log.role("tool"), log.export("tool")) == (None, None)
    log.record_role(ROLE, event(1))
    log.record_role(ROLE, event(2))
    assert log.role("tool") == ROLE
    log.forget_role("tool", EXPORT, event(3, "delete"))
    assert (log.role("tool"), log.export("tool")) == (None, EXPORT)


def test_a_change_is_kept_until_it_ends_and_the_older_state_counts(log) -> None:
    assert (log.unfinished(), log.unfinished_change("tool")) == ((), None)
    log.end_change("tool")
    first = UnfinishedChange(EXPORT, ROLE, "2026-11-23T12:00:00.000Z", "alice")
    log.begin_change(first)
    log.begin_change(replace(first, before={"name": "half-way"}, by="bob"))
    assert log.unfinished() == ("tool",)
    assert log.unfinished_change("tool") == replace(first, by="bob")
    log.end_change("tool", event(1))
    assert (log.unfinished(), log.unfinished_change("tool")) == ((), None)


def test_a_new_role_has_no_state_to_go_back_to(log) -> None:
    change = UnfinishedChange(None, ROLE, "2026-11-23T12:00:00.000Z", "alice")
    log.begin_change(change)
    log.begin_change(replace(change, before=EXPORT))
    assert log.unfinished_change("tool") == change


def test_the_catalogue_lists_what_was_recorded(account) -> None:
    TableProvisionLog(client("dynamodb"), "broker").record_role(ROLE, event(1))
    assert TableCatalogue(client("dynamodb"), "broker").get("tool") == ROLE


@pytest.mark.parametrize("action", ["quarantine_role", "quarantine_role_failed", "release_role_failed"])
def test_what_clean_up_orders_is_no_sign_of_life_of_the_role_done_or_not(account, action) -> None:
    log, signs = TableProvisionLog(client("dynamodb"), "broker"), TableSigns(client("dynamodb"), "broker")
    log.record_role(ROLE, replace(event(1), detail={"action": "apply_role"}))
    assert signs.of("tool", NOW).changed_at == NOW
    log.record_role(ROLE, replace(event(2), detail={"action": action}))
    assert signs.of("tool", NOW).changed_at is None


def test_every_row_that_changes_carries_the_event_that_changed_it(account, rows) -> None:
    log = TableProvisionLog(client("dynamodb"), "broker")
    log.record_role(ROLE, event(1))
    log.record_user(User("bob", "arn", "/access-broker/", "AIDA1"), event(2), "", HandedOut())
    assert [json.loads(row["event"])["id"][-1] for row in (*rows("ROLE"), *rows("USER"))] == ["1", "2"]
    log.forget_role("tool", EXPORT, event(3, "delete"))
    log.forget_user("bob", event(4, "delete"))
    assert (rows("ROLE"), rows("USER")) == ([], [])
    told = {json.loads(row["event"])["id"][-1] for row in (*rows("EXPORT"), *rows("EVENT"))}
    assert told == {"3", "4"}


def test_a_lease_has_one_holder_until_it_is_given_up_or_runs_out(leases) -> None:
    assert leases.take("role/tool", "one", NOW, LATER)
    assert leases.take("role/tool", "one", NOW, LATER)  # the same call, repeated because its answer was lost
    assert not leases.take("role/tool", "two", NOW, LATER)
    assert leases.take("role/other", "two", NOW, LATER)
    leases.release("role/tool", "two")
    assert not leases.take("role/tool", "two", NOW, LATER)
    leases.release("role/tool", "one")
    assert leases.take("role/tool", "two", NOW, LATER)
    after = LATER + timedelta(milliseconds=1)
    assert leases.take("role/tool", "one", after, after + timedelta(seconds=30))


def test_only_the_holder_extends_a_lease(leases) -> None:
    assert leases.take("role/tool", "one", NOW, LATER)
    assert leases.extend("role/tool", "one", LATER + timedelta(seconds=30))
    assert not leases.extend("role/tool", "two", LATER)
    assert not leases.take("role/tool", "two", LATER, LATER)
    leases.release("role/tool", "one")
    assert not leases.extend("role/tool", "one", LATER)


def test_what_a_call_made_is_known_again_by_its_token(log) -> None:
    bob = User("bob", "arn", "/access-broker/", "AIDA1")
    nothing, made = HandedOut(), HandedOut(password=True, access_key_id="AKIA1")
    assert (log.user_id("bob"), log.handed_out("bob", "key-1", NOW)) == ("", nothing)
    log.record_user(bob, event(1), "key-1", made)
    assert (log.user_id("bob"), log.handed_out("bob", "key-1", NOW)) == ("AIDA1", made)
    assert log.handed_out("bob", "key-2", NOW) == nothing
    assert log.handed_out("bob", "key-1", LATER) == nothing
    log.record_user(bob, event(2), "", made)
    assert log.handed_out("bob", "key-1", NOW) == nothing


def test_the_token_itself_is_not_kept(account, rows) -> None:
    log = TableProvisionLog(client("dynamodb"), "broker")
    log.record_user(User("bob", "arn", "/access-broker/", "AIDA1"), event(1), "key-1-secret", HandedOut())
    assert "key-1-secret" not in str(rows("USER"))
