"""The rights that clients show buttons for are those that the rules give, as of now."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.access.domain.rule_files import load_rules
from chalicelib.access.services.rights import Rights
from tests.fakes.core import ALICE, EC2, Clock, FakeCatalogue, origin

RULES = """
@id("admins") permit (principal in Broker::Group::"admins", action in
  [Broker::Action::"Revoke", Broker::Action::"ReadAudit"], resource);
@id("reviews") @reason("required") permit (principal, action == Broker::Action::"ReviewBreakGlass", resource);
@id("glass-with-approval") @approvals("1") @reason("required") @grant("1h")
permit (principal, action == Broker::Action::"RequestAccess", resource);
@id("revoke-one-role") permit (principal, action == Broker::Action::"Revoke", resource)
when { resource is Broker::Role && resource.name == "ec2-full" };
"""


def rights() -> Rights:
    return Rights(rules=load_rules({"rights.cedar": RULES}), catalogue=FakeCatalogue({EC2.name: EC2}), clock=Clock())


def test_a_right_over_one_role_is_none_over_the_broker():
    assert rights().over(None, origin()) == ()
    assert rights().over(EC2, origin()) == ("ReviewBreakGlass", "Revoke")


def test_the_rights_of_groups_reach_over_everything():
    admin = origin(replace(ALICE, groups=("admins",)))
    assert rights().over(None, admin) == ("Revoke", "ReadAudit")
    assert set(rights().over(EC2, admin)) == {"Revoke", "ReadAudit", "ReviewBreakGlass"}
