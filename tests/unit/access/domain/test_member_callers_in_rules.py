"""Access rules and callers of member accounts: nothing that was written for the hub's callers opens for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.nearest import nearest
from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import NoSuchRole, Refused
from chalicelib.core.domain.roles import WHOLE_BROKER, Account, Role
from tests.fakes.core import ALICE, EC2, NOW

DEV = Account("111111111111", "dev", "Shop", "/Workloads/Dev", {"env": "dev"}, "joined")
IN_DEV = Role(f"{DEV.id}:ec2-full", f"arn:aws:iam::{DEV.id}:role/access-broker/ec2-full", home=DEV)
CI = Caller(
    "role",
    f"{DEV.id}:ci/build-7",
    f"arn:aws:sts::{DEV.id}:assumed-role/ci/build-7",
    DEV.id,
    "AROA1:build-7",
    (f"{DEV.id}:ci",),
    home=DEV,
)
TAKE = 'action == Broker::Action::"TakeCredentials"'
SHIPPED = {path.name: path.read_text() for path in Path("policies/access").glob("*.cedar")}
RULES = load_rules(SHIPPED)
WORDS = ("engineers", "production", "contractors", "team", "audience", "read")


def opens(scope: str, caller: Caller, role: Role = EC2, when: str = "", also: str = "") -> bool:
    text = f'@id("rule") permit ({scope}, {TAKE}, resource) {when};{also}'
    return bool(load_rules({"rules.cedar": text}).evaluate(Ask("TakeCredentials", caller, role, NOW)).doors)


@pytest.mark.parametrize(
    "scope",
    [
        f'principal in Broker::Group::"{DEV.id}:ci"',
        f'principal in Broker::Account::"{DEV.id}"',
        'principal in Broker::OrganizationalUnit::"/Workloads"',
        f'principal == Broker::RoleSession::"{DEV.id}:ci/build-7"',
        f'principal is Broker::RoleSession in Broker::Account::"{DEV.id}"',
    ],
)
def test_a_rule_that_names_the_caller_opens_for_it_alone(scope: str) -> None:
    assert opens(scope, CI)
    assert opens(scope, CI, IN_DEV)  # caller and role share account and units
    elsewhere = replace(DEV, id="222222222222", ou_path="/Sandbox")
    namesake = replace(
        CI, name=f"{elsewhere.id}:ci/build-7", account=elsewhere.id, groups=(f"{elsewhere.id}:ci",), home=elsewhere
    )
    in_the_hub = replace(CI, name="ci/build-7", account=ALICE.account, groups=(), home=None)
    assert not opens(scope, namesake)
    assert not opens(scope, in_the_hub)
    assert not opens(scope, ALICE)


@pytest.mark.parametrize("scope", ["principal", "principal is Broker::RoleSession"])
def test_a_permit_that_names_no_principal_is_for_the_hub_alone(scope: str) -> None:
    in_the_hub = replace(CI, name="ci/build-7", account=ALICE.account, groups=(), home=None)
    assert opens(scope, in_the_hub)
    assert not opens(scope, CI)
    assert not opens(scope, CI, when=f'when {{ principal.account == "{DEV.id}" }}')


def test_a_forbid_for_any_principal_holds_for_members_too() -> None:
    forbid = f'@id("no") forbid (principal, {TAKE}, resource) when {{ principal.account == "{DEV.id}" }};'
    assert not opens(f'principal in Broker::Account::"{DEV.id}"', CI, also=forbid)


def test_a_rule_sees_no_tags_of_a_member_since_its_administrators_set_them() -> None:
    team = 'when { principal.hasTag("team") }'
    assert not opens(f'principal in Broker::Account::"{DEV.id}"', CI, when=team)


@pytest.mark.parametrize("policy", sorted(RULES.policies))
def test_no_shipped_permit_opens_anything_for_a_member(policy: str) -> None:
    """Each rule by itself, on roles with every tag that it could ask for, for members of every kind."""
    shipped = RULES.policies[policy]
    if shipped.effect == "forbid":
        return
    alone = replace(RULES, policies={policy: shipped}, general=(policy,), by_role={}, _sets={}, _entities={})
    person = replace(
        CI, name=f"{DEV.id}:sso/ann", unique_id=f"sso/ann/{DEV.id}", groups=(f"{DEV.id}:sso/BrokerEngineers",)
    )
    tags = {"access-broker:level": "read", "team": "web"}
    for caller in (CI, person, replace(CI, name=f"{DEV.id}:alice/alice", groups=(f"{DEV.id}:engineers",))):
        for audience in WORDS:
            role = replace(EC2, tags={**tags, "access-broker:audience": audience})
            for action in shipped.actions or ():
                ask = Ask(action, caller, role, NOW, "198.51.100.7", reason_given=True, mfa=True, via="slack")
                assert not alone.evaluate(ask).doors, (action, audience)


def test_the_shipped_rules_do_open_to_the_hub_so_that_the_test_above_can_fail() -> None:
    for action in ("SeeRole", "TakeCredentials"):
        assert RULES.evaluate(Ask(action, ALICE, EC2, NOW)).doors


def test_a_member_without_a_rule_learns_of_no_role_and_of_no_rule() -> None:
    ask = Ask("TakeCredentials", CI, EC2, NOW)
    with pytest.raises(NoSuchRole):
        admit(RULES, ask)
    near = nearest(RULES, ask)
    assert near is None


def test_a_member_without_a_rule_is_refused_what_is_about_the_whole_broker() -> None:
    for action in ("ReadAudit", "Revoke", "Provision", "ExplainOthers"):
        with pytest.raises(Refused, match=f"No rule gives {action} on the whole broker"):
            admit(RULES, Ask(action, CI, WHOLE_BROKER, NOW))


def test_a_refusal_names_no_rule_that_is_for_callers_of_the_other_kind() -> None:
    seen = (
        f'@id("seen") permit (principal in Broker::Account::"{DEV.id}", action == Broker::Action::"SeeRole", resource);'
    )
    other = f'@id("release") permit (principal in Broker::Group::"{DEV.id}:release", {TAKE}, resource);'
    hubs = f'@id("engineers") permit (principal in Broker::Group::"engineers", {TAKE}, resource);'
    rules = load_rules({"a.cedar": seen + other + hubs})
    assert (near := nearest(rules, Ask("TakeCredentials", CI, EC2, NOW)))
    assert near.policy == "release"
    assert (near := nearest(rules, Ask("TakeCredentials", replace(ALICE, groups=()), EC2, NOW)))
    assert near.policy == "engineers"


def test_the_container_that_saw_a_namesake_decides_anew() -> None:
    text = f'@id("rule") permit (principal in Broker::Group::"{DEV.id}:ci", action, resource);'
    rules = load_rules({"rules.cedar": text})
    in_the_hub = replace(CI, name="ci/build-7", account=ALICE.account, groups=(), home=None)
    seen = [bool(rules.evaluate(Ask("SeeRole", caller, EC2, NOW)).doors) for caller in (in_the_hub, CI, in_the_hub)]
    assert seen == [False, True, False]
