"""The trail function's service: what it records, and that it records it once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.audit.domain.bypass_detection import assumption
from chalicelib.audit.services.bypass_detection import BypassDetector
from chalicelib.core.domain.errors import Conflict
from tests.fakes.audit import FakeRoleOwners
from tests.fakes.core import FakeCatalogue, FakeJournal
from tests.fakes.sessions import FakeSessions
from tests.unit.audit.domain.test_bypass_detection import BROKER, ROLE, SESSION, by_broker, by_user, record


class Desk:
    """A trailing service and everything it touches."""

    def __init__(self) -> None:
        self.journal = FakeJournal()
        self.owners = FakeRoleOwners()
        self.service = BypassDetector(
            deployment="access-broker-dev",
            broker_role_arn=BROKER,
            owners=self.owners,
            catalogue=FakeCatalogue({ROLE.name: replace(ROLE, direct_users=("erin",))}),
            sessions=FakeSessions().add(SESSION),
            journal=self.journal,
        )

    def watch(self, document: dict[str, Any]) -> str:
        seen = assumption(document)
        assert seen
        return self.service.watch(seen)


def test_a_session_of_the_brokers_own_leaves_no_event() -> None:
    desk = Desk()
    assert desk.watch(record(by_broker())) == "issued"
    assert desk.journal.events == []


def test_a_bypass_names_who_did_it_with_which_credentials() -> None:
    desk = Desk()
    assert desk.watch(record(by_user("mallory"))) == "bypass"
    event = desk.journal.events[0]
    assert (event.type, event.role, event.origin.caller.name) == ("bypass", "ec2-full", "mallory")
    assert event.detail["access_key_id"] == "ASIA1"


def test_a_bypass_from_outside_names_the_account_or_who_vouched() -> None:
    desk = Desk()
    desk.watch(record({"type": "AWSAccount", "principalId": "AIDAEVIL", "accountId": "999999999999"}))
    assert desk.journal.events[0].detail["account"] == "999999999999"
    desk.watch(record({"type": "SAMLUser", "userName": "ida", "identityProvider": "bdGO="}))
    assert desk.journal.events[1].detail["identity_provider"] == "bdGO="


def test_what_the_broker_dropped_is_recorded_apart_from_bypasses_and_under_its_session() -> None:
    desk = Desk()
    desk.service = replace(desk.service, sessions=FakeSessions())
    assert desk.watch(record(by_broker())) == "unrecorded"
    event = desk.journal.events[0]
    assert (event.type, event.session, event.detail["access_key_id"]) == ("unrecorded", SESSION.id, "ASIA1")


def test_allowed_direct_use_is_recorded_as_such() -> None:
    desk = Desk()
    assert desk.watch(record(by_user("erin"))) == "direct_use"
    assert desk.journal.events[0].type == "direct_use"


def of_prod(identity: dict[str, Any], account: str = "123456789012") -> dict[str, Any]:
    """A role that the catalogue does not have, and that its tags say is another deployment's."""
    asked = {"roleArn": f"arn:aws:iam::{account}:role/access-broker/web", "roleSessionName": SESSION.session_name}
    return record(identity, requestParameters=asked)


def test_a_role_of_another_deployment_in_the_account_is_left_to_that_one() -> None:
    desk = Desk()
    desk.owners["web"] = "access-broker-prod"
    prod = by_broker("arn:aws:iam::123456789012:role/access-broker-prod-ApiHandlerRole-1")
    assert [desk.watch(of_prod(by)) for by in (prod, by_user("erin"))] == ["not_ours", "not_ours"]
    assert desk.journal.events == []


def test_a_role_in_no_catalogue_is_watched_unless_its_tags_name_another_deployment() -> None:
    desk = Desk()
    assert desk.watch(of_prod(by_user("mallory"))) == "bypass"
    desk.owners["web"] = "access-broker-dev"
    assert desk.watch(of_prod(by_user("mallory"))) == "bypass"


def test_no_tag_takes_a_catalogued_role_out_of_sight() -> None:
    desk = Desk()
    desk.owners[ROLE.name] = "access-broker-prod"
    assert desk.watch(record(by_user("mallory"))) == "bypass"


def test_the_brokers_own_role_and_other_accounts_are_watched_whatever_the_tags_say() -> None:
    desk = Desk()
    desk.owners["web"] = "access-broker-prod"
    assert desk.watch(of_prod(by_broker())) == "bypass"
    assert desk.watch(of_prod(by_user("mallory"), account="999999999999")) == "bypass"


def test_the_same_event_delivered_again_has_the_same_id_and_is_no_error() -> None:
    desk = Desk()
    desk.watch(record(by_user("mallory")))
    desk.journal.fails_with = Conflict("it is there")
    desk.watch(record(by_user("mallory")))
    desk.journal.fails_with = None
    desk.watch(record(by_user("mallory")))
    assert desk.journal.events[0].id == desk.journal.events[1].id
    desk.watch(record(by_user("mallory"), eventID="another"))
    assert desk.journal.events[2].id != desk.journal.events[0].id
