"""The API's question before a change: both the role as it is and the role as it would be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.core.domain.errors import BrokerError, NotFound, Refused
from chalicelib.core.domain.roles import Account, Role
from chalicelib.provisioning.services.authorization import ProvisioningAuthorization
from tests.fakes.accounts import FakeMembers
from tests.fakes.core import ALICE, CAROL, EC2, Clock, FakeCatalogue, FakeProvisioner, origin, refusals
from tests.fakes.provisioning_table import FakeProvisionLog

RULES = load_rules(
    {
        "rules.cedar": """
            @id("engineers-provision-their-own")
            permit (principal in Broker::Group::"engineers", action == Broker::Action::"Provision", resource)
            when { resource has name && resource.hasTag("access-broker:audience")
                   && resource.getTag("access-broker:audience") == "engineers" };
            @id("all-see")
            permit (principal, action == Broker::Action::"SeeRole", resource);
        """
    }
)
PRODUCTION = Role("prod", "arn:aws:iam::123456789012:role/access-broker/prod", tags={"access-broker:audience": "ops"})
ENGINEERS = {"access-broker:audience": "engineers"}


@pytest.fixture
def provisioner() -> FakeProvisioner:
    return FakeProvisioner(answer={"done": True})


@pytest.fixture
def log() -> FakeProvisionLog:
    return FakeProvisionLog()


@pytest.fixture
def asking(provisioner: FakeProvisioner, log: FakeProvisionLog) -> ProvisioningAuthorization:
    catalogue = FakeCatalogue({EC2.name: EC2, PRODUCTION.name: PRODUCTION})
    return ProvisioningAuthorization(
        home="123456789012",
        rules=RULES,
        catalogue=catalogue,
        members=FakeMembers,
        refusals=refusals(log),
        provisioner=provisioner,
        clock=Clock(),
    )


def test_an_allowed_order_reaches_the_provisioner_with_the_verified_caller(asking, provisioner) -> None:
    assert asking.about_role({"action": "apply_role", "name": "new"}, origin(ALICE), ENGINEERS) == {"done": True}
    (order,) = provisioner.orders
    assert order["origin"]["caller"] == {"kind": "user", "name": "alice", "arn": ALICE.arn,
                                         "account": ALICE.account, "unique_id": ALICE.unique_id}  # fmt: skip
    assert order["origin"]["request_id"] == "request-1"


@pytest.mark.parametrize(
    ("action", "name", "tags"),
    [
        ("apply_role", "new", {"access-broker:audience": "ops"}),
        ("apply_role", "new", {}),
        ("apply_role", "prod", ENGINEERS),
        ("apply_role", "ec2-full", {"access-broker:audience": "ops"}),
        ("delete_role", "prod", None),
        ("restore_role", "gone", None),
    ],
)
def test_a_role_of_others_cannot_be_made_taken_over_given_away_or_deleted(asking, log, action, name, tags) -> None:
    with pytest.raises((Refused, NotFound)):
        asking.about_role({"action": action, "name": name}, origin(ALICE), tags)
    assert asking.provisioner.orders == []
    (event,) = log.events
    assert (event.type, event.role, event.detail["action"]) == ("refuse", name, action)


def test_users_are_a_matter_of_the_whole_broker(asking, provisioner, log) -> None:
    with pytest.raises(Refused):
        asking.about_user({"action": "create_user", "name": "bob"}, origin(CAROL))
    assert provisioner.orders == []
    assert [(event.type, event.role, event.detail["name"]) for event in log.events] == [("refuse", "", "bob")]


def test_a_deleted_user_is_looked_for_in_the_roles_that_the_caller_sees(provisioner: FakeProvisioner, log) -> None:
    rules = load_rules(
        {
            "rules.cedar": """
                @id("admins") permit (principal, action == Broker::Action::"Provision", resource);
                @id("most-are-seen") permit (principal, action == Broker::Action::"SeeRole", resource)
                unless { resource has name && resource.name == "hidden" };
            """
        }
    )
    dana = "arn:aws:iam::123456789012:user/people/dana"
    roles = [replace(EC2, name=name, direct_users=users) for name, users in (
        ("a", ("dana",)), ("b", ("erin", dana)), ("c", ("danae",)), ("hidden", ("dana",)),
    )]  # fmt: skip
    asking = ProvisioningAuthorization(
        home="123456789012",
        rules=rules,
        catalogue=FakeCatalogue({role.name: role for role in roles}),
        members=FakeMembers,
        refusals=refusals(log),
        provisioner=provisioner,
        clock=Clock(),
    )
    assert asking.delete_user("dana", origin(ALICE)) == {"done": True, "roles": ["a", "b"]}
    assert (provisioner.orders[0]["action"], provisioner.orders[0]["name"]) == ("delete_user", "dana")


def test_nobody_deletes_a_user_without_the_right(asking, provisioner, log) -> None:
    with pytest.raises(Refused):
        asking.delete_user("bob", origin(CAROL))
    assert (provisioner.orders, log.events[0].detail["action"]) == ([], "delete_user")


DEV = Account("111111111111", "dev", state="joined")
ORDERS = [("apply_role", {}), ("apply_role", ENGINEERS), ("delete_role", None), ("restore_role", None)]


@pytest.mark.parametrize(("action", "tags"), ORDERS)
def test_who_may_not_provision_learns_nothing_of_member_accounts(provisioner, log, action, tags) -> None:
    """Neither which aliases there are, nor the id behind one, nor which roles are there."""
    seen_by_none = load_rules({"rules.cedar": '@id("none") forbid (principal, action, resource);'})
    tool = Role(f"{DEV.id}:tool", f"arn:aws:iam::{DEV.id}:role/access-broker/tool", home=DEV)
    asking = ProvisioningAuthorization(
        home="123456789012",
        rules=seen_by_none,
        catalogue=FakeCatalogue({tool.name: tool}),
        members=lambda: FakeMembers({DEV.id: DEV}),
        refusals=refusals(log),
        provisioner=provisioner,
        clock=Clock(),
    )
    told = set()
    for name in ("dev:tool", "dev:new", "nosuch:tool", f"{DEV.id}:tool", "222222222222:tool"):
        with pytest.raises(BrokerError) as refused:
            asking.about_role({"action": action, "name": name}, origin(CAROL), tags)
        told.add((type(refused.value), refused.value.detail))
    assert len(told) == 1
    assert [event.type for event in log.events] == ["refuse"] * 5


def test_who_may_provision_is_told_that_an_account_is_not_registered(provisioner, log) -> None:
    rules = load_rules({"r.cedar": '@id("all") permit (principal, action, resource);'})
    asking = ProvisioningAuthorization(
        home="123456789012",
        rules=rules,
        catalogue=FakeCatalogue({}),
        members=lambda: FakeMembers({DEV.id: DEV}),
        refusals=refusals(log),
        provisioner=provisioner,
        clock=Clock(),
    )
    with pytest.raises(NotFound, match="There is no account nosuch"):
        asking.about_role({"action": "apply_role", "name": "nosuch:tool"}, origin(ALICE), ENGINEERS)
