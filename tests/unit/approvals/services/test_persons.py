"""People of Identity Center as approvers, owners and limits: the person counts, not the permission set."""

from __future__ import annotations

import pytest

from chalicelib.access.domain.facts import described
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import Refused
from tests.fakes.approval_desk import ACCOUNT, RULES, ApprovalDesk
from tests.fakes.core import origin
from tests.fakes.directory import role_facts

SSO_PATH = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
SETS = {
    "Approvers": role_facts("AWSReservedSSO_Approvers_0123456789abcdef", "AROA1", SSO_PATH),
    "Engineers": role_facts("AWSReservedSSO_Engineers_fedcba9876543210", "AROA2", SSO_PATH),
}
BOTH = """
@id("sso-approve") permit (principal in Broker::Group::"sso/Approvers", action == Broker::Action::"Approve", resource);
@id("sso-ask") @approvals("2") @grant("8h") permit (principal,
  action in [Broker::Action::"RequestAccess", Broker::Action::"TakeCredentials"],
  resource == Broker::Role::"vault")
  when { principal in Broker::Group::"sso/Engineers" || principal in Broker::Group::"sso/Approvers" };
"""


def person(name: str, permission_set: str = "Approvers") -> Caller:
    facts = SETS[permission_set]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{facts.name}/{name}"
    return described(Caller("role", f"{facts.name}/{name}", arn, ACCOUNT, f"{facts.unique_id}:{name}"), facts)


@pytest.fixture
def desk() -> ApprovalDesk:
    return ApprovalDesk(RULES + BOTH)


def test_two_people_of_one_permission_set_are_two_approvers(desk: ApprovalDesk) -> None:
    request = desk.file(role_name="vault")
    assert desk.approve(request, person("dana@example.com")).state == "pending"
    assert desk.approve(request, person("emil@example.com")).state == "approved"


def test_one_person_who_signs_twice_is_one_approver(desk: ApprovalDesk) -> None:
    request = desk.file(role_name="vault")
    for _ in range(2):
        request = desk.approve(request, person("dana@example.com"))
    assert (request.state, [one.by for one in request.decisions]) == ("pending", ["sso/dana@example.com"])


def test_a_person_cannot_approve_their_own_request_under_another_permission_set(desk: ApprovalDesk) -> None:
    request = desk.file(person("dana@example.com", "Engineers"), role_name="vault")
    with pytest.raises(Refused):
        desk.approve(request, person("dana@example.com"))


def test_a_grant_is_the_persons_under_every_permission_set(desk: ApprovalDesk) -> None:
    request = desk.file(person("dana@example.com", "Engineers"), role_name="vault")
    desk.approve(request, person("emil@example.com"))
    desk.approve(request, person("fay@example.com"))
    for permission_set in SETS:
        dana = person("dana@example.com", permission_set)
        held = desk.grants.held(dana.unique_id, "vault", desk.clock())
        assert [grant.id for grant in held] == [request.id]
    assert desk.grants.held(person("emil@example.com").unique_id, "vault", desk.clock()) == []


def test_a_person_sees_and_cancels_what_they_asked_for_under_another_permission_set(desk: ApprovalDesk) -> None:
    request = desk.file(person("dana@example.com", "Engineers"), role_name="vault")
    cancelled = desk.request_decisions.cancel(request.id, "", origin(person("dana@example.com")))
    assert cancelled.state == "cancelled"
