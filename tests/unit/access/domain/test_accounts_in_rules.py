"""Access rules see a member's role in its account and organizational units, and the hub's in none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.roles import Account, Role
from tests.fakes.core import ALICE, EC2, NOW

DEV = Account("111111111111", "dev", "Shop", "/Workloads/Dev", {"env": "dev"}, "joined")
IN_DEV = Role(f"{DEV.id}:ec2-full", f"arn:aws:iam::{DEV.id}:role/access-broker/ec2-full", home=DEV)


def opens(scope: str, role: Role, when: str = "") -> bool:
    text = f'@id("rule") permit (principal, action == Broker::Action::"TakeCredentials", {scope}) {when};'
    return bool(load_rules({"rules.cedar": text}).evaluate(Ask("TakeCredentials", ALICE, role, NOW)).doors)


@pytest.mark.parametrize(
    "scope",
    [
        'resource in Broker::OrganizationalUnit::"/Workloads"',
        'resource in Broker::OrganizationalUnit::"/Workloads/Dev"',
        f'resource in Broker::Account::"{DEV.id}"',
        f'resource == Broker::Role::"{DEV.id}:ec2-full"',
    ],
)
def test_a_role_is_in_its_account_and_in_every_unit_above_it(scope: str) -> None:
    assert opens(scope, IN_DEV)
    assert not opens(scope, EC2)
    elsewhere = replace(DEV, id="222222222222", ou_path="/WorkloadsToo/Dev")
    other = Role(f"{elsewhere.id}:ec2-full", f"arn:aws:iam::{elsewhere.id}:role/access-broker/ec2-full", home=elsewhere)
    assert not opens(scope, other)


def test_a_rule_about_a_role_of_the_hub_is_not_about_a_role_of_that_name_elsewhere() -> None:
    scope = f'resource == Broker::Role::"{EC2.name}"'
    assert opens(scope, EC2)
    assert not opens(scope, IN_DEV)


def test_a_rule_sees_the_accounts_id_tags_and_alias() -> None:
    tagged = 'when { resource has home && resource.home.hasTag("env") && resource.home.getTag("env") == "dev" }'
    assert (opens("resource", IN_DEV, tagged), opens("resource", EC2, tagged)) == (True, False)
    assert not opens("resource", replace(IN_DEV, home=replace(DEV, tags={"env": "prod"})), tagged)
    assert opens("resource", IN_DEV, 'when { resource has home && resource.home.alias == "dev" }')
    assert opens("resource", IN_DEV, f'when {{ resource has home && resource.home.id == "{DEV.id}" }}')


def test_every_role_is_in_its_account() -> None:
    assert opens(f'resource in Broker::Account::"{EC2.account}"', EC2)


def test_a_container_that_knows_a_role_sees_it_move_to_another_unit() -> None:
    text = '@id("rule") permit (principal, action, resource in Broker::OrganizationalUnit::"/Sandbox");'
    rules = load_rules({"rules.cedar": text})
    moved = replace(IN_DEV, home=replace(DEV, ou_path="/Sandbox"))
    seen = [bool(rules.evaluate(Ask("SeeRole", ALICE, role, NOW)).doors) for role in (IN_DEV, moved, IN_DEV)]
    assert seen == [False, True, False]
