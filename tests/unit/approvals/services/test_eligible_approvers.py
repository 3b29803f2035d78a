"""The callers who could approve: their groups, and whether there are enough of them besides the one who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.access.domain.facts import IDENTITY_CENTER_PATH, Facts
from chalicelib.approvals.services import eligible_approvers
from chalicelib.approvals.services.eligible_approvers import Eligible, EligibleApprovers
from chalicelib.core.domain.errors import AwsUnavailable
from tests.fakes.approval_desk import ACCOUNT, ALICE, BOB, CAROL, DAVE, EVE, RULES, ApprovalDesk, user
from tests.fakes.approvals import FakeKnownCallers

if TYPE_CHECKING:
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.callers import Caller

SSO_RULE = """@id("people") permit (principal in Broker::Group::"sso/Approvers",
  action == Broker::Action::"Approve", resource == Broker::Role::"vault");"""
TEAM_RULE = """@id("own-team") permit (principal, action == Broker::Action::"Approve", resource)
  when { principal.hasTag("team") };"""
BOB_ALONE = """@id("bob") permit (principal == Broker::User::"bob", action == Broker::Action::"Approve", resource);"""
WITHOUT_APPROVERS = RULES.replace('Broker::Action::"Approve", ', "")


def facts(who: Caller) -> Facts:
    return Facts(who.unique_id, "user", who.name, who.arn, who.groups, who.tags)


def a_role(name: str, path: str = "/") -> Facts:
    return Facts(f"AROA{name[-4:]}", "role", name, f"arn:aws:iam::{ACCOUNT}:role{path}{name}")


def told(rules: str, role: str, *known: Facts, who: Caller = ALICE, fails: Exception | None = None) -> Eligible:
    desk = ApprovalDesk(rules)
    request: Request = desk.file(who, role)
    callers = FakeKnownCallers(list(known), fails)
    service = EligibleApprovers(rules=desk.rules, catalogue=desk.catalogue, callers=callers, clock=desk.clock)
    return service.of(request)


def test_groups_whose_members_could_approve_are_named_and_counted_as_persons() -> None:
    assert told(RULES, "vault", facts(BOB), facts(EVE), facts(CAROL)) == Eligible(("approvers",), enough=True)


@pytest.mark.parametrize(
    ("who", "known"),
    [
        (ALICE, (BOB, CAROL)),
        (DAVE, (BOB, DAVE)),
        (ALICE, (BOB, user("erin", "approvers", **{"access-broker:suspended": "yes"}))),
    ],
    ids=["one is not two", "the one who asks never counts", "nor one who is suspended"],
)
def test_too_few_others_are_told(who: Caller, known: tuple[Caller, ...]) -> None:
    assert told(RULES, "vault", *map(facts, known), who=who).enough is False


def test_persons_behind_a_permission_set_are_taken_to_be_enough() -> None:
    people = a_role("AWSReservedSSO_Approvers_0123456789abcdef", IDENTITY_CENTER_PATH)
    assert told(WITHOUT_APPROVERS + SSO_RULE, "vault", people) == Eligible(("sso/Approvers",), enough=True)
    assert told(WITHOUT_APPROVERS + SSO_RULE, "prod", people) == Eligible((), enough=False)


def test_a_rule_for_callers_of_every_group_is_asked_about_each_of_them() -> None:
    erin = user("erin", team="web")
    assert told(WITHOUT_APPROVERS + TEAM_RULE, "prod", facts(erin)) == Eligible((), enough=True)
    assert told(WITHOUT_APPROVERS + BOB_ALONE, "prod", facts(BOB)).enough is True
    assert told(WITHOUT_APPROVERS + BOB_ALONE, "prod", facts(EVE)).enough is False


@pytest.mark.parametrize(
    "scope",
    [
        'principal in Broker::Group::"111111111111:release"',
        'principal in Broker::Account::"111111111111"',
        'principal is Broker::RoleSession in Broker::OrganizationalUnit::"/Release"',
        'principal == Broker::RoleSession::"111111111111:sso/ann"',
    ],
)
def test_callers_of_member_accounts_are_not_said_to_be_none(scope: str) -> None:
    rule = f'@id("members") permit ({scope}, action == Broker::Action::"Approve", resource);'
    assert told(WITHOUT_APPROVERS + rule, "prod", facts(BOB)).enough is None


def test_a_brokered_role_approves_nothing() -> None:
    brokered = a_role("tools", "/access-broker/")
    tagged = Facts(brokered.unique_id, "role", "tools", brokered.arn, (), {"team": "web"})
    assert told(WITHOUT_APPROVERS + TEAM_RULE, "prod", tagged, facts(CAROL)).enough is False


def test_without_a_directory_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(RULES, "vault").enough is None
    assert told(RULES, "vault", fails=AwsUnavailable("no")) == Eligible(("approvers",), enough=None)
    monkeypatch.setattr(eligible_approvers, "LOOKED_AT", 2)
    assert told(RULES, "vault", facts(CAROL), facts(ALICE), facts(BOB)).enough is None
