"""The layer of service control policies: which call they deny, and what is said where they are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.explain.domain.control_policies import ControlPolicies, layer

if TYPE_CHECKING:
    from chalicelib.explain.domain.layers import Layer

MEMBER, HUB = "222222222222", "123456789012"
ROLE = f"arn:aws:iam::{MEMBER}:role/access-broker/ec2-full"
FULL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def document(action: str, effect: str = "Deny", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Statement": [{"Sid": "Ours", "Effect": effect, "Action": action, "Resource": resource, **more}]}


def bound(account: str, *unit: dict[str, Any], full: bool = True) -> ControlPolicies:
    """An account in one unit, which has these policies, and usually FullAWSAccess beside them."""
    of_unit = {f"policy-{number}": one for number, one in enumerate(unit, 1)} | (
        {"FullAWSAccess": FULL} if full else {}
    )
    levels = ((account, {"FullAWSAccess": FULL}), ("ou-1", of_unit), ("r-1", {"FullAWSAccess": FULL}))
    return ControlPolicies(account, levels)


def judged(member: ControlPolicies, hub: ControlPolicies | None = None, operation: str = "ec2:RunInstances") -> Layer:
    return layer(member, hub or ControlPolicies(HUB, exempt=True), ROLE, operation)


@pytest.mark.parametrize(
    ("unit", "verdict", "by"),
    [
        ((), "open", "every level"),
        ((document("ec2:*"),), "closed", "policy-1, Ours"),
        ((document("s3:*"),), "open", "every level"),
        ((document("ec2:*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),), "not_checked", ""),
        ((document("ec2:*", resource="arn:aws:ec2:*:*:instance/*"),), "not_checked", ""),
    ],
)
def test_a_statement_of_any_level_that_denies_the_operation_is_named(unit: Any, verdict: str, by: str) -> None:
    found = judged(bound(MEMBER, *unit))
    assert (found.layer, found.verdict, found.by) == ("service_control_policies", verdict, by)
    assert bool(found.change) == (verdict == "closed")
    if verdict == "not_checked":
        assert "policy-1, Ours may deny ec2:RunInstances" in found.detail


def test_a_level_whose_policies_do_not_allow_the_operation_closes_it() -> None:
    found = judged(bound(MEMBER, document("s3:*", "Allow"), full=False))
    assert (found.verdict, found.by) == ("closed", "ou-1")


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:TagSession", "sts:*"])
def test_assume_role_is_under_the_policies_of_the_brokers_account(action: str) -> None:
    for resource in ("*", f"arn:aws:iam::{MEMBER}:role/*"):
        found = judged(bound(MEMBER), bound(HUB, document(action, resource=resource)))
        assert (found.verdict, found.by) == ("closed", "policy-1, Ours")
        assert HUB in found.detail
    elsewhere = document(action, resource="arn:aws:iam::*:role/access-broker-workloads/*")
    assert judged(bound(MEMBER), bound(HUB, elsewhere)).verdict == "open"
    assert judged(bound(MEMBER, document(action))).verdict == "open"


def test_without_an_operation_the_policies_are_named_and_nothing_is_judged() -> None:
    found = judged(bound(MEMBER, document("s3:*")), operation="")
    assert found.verdict == "not_checked"
    assert f"FullAWSAccess, policy-1 bind account {MEMBER}" in found.detail


@pytest.mark.parametrize("operation", ["", "ec2:RunInstances"])
def test_what_may_not_be_read_is_unknown_and_the_permission_is_named(operation: str) -> None:
    unread = ControlPolicies(MEMBER, unread="not allowed to read: organizations:ListParents")
    found = judged(unread, operation=operation)
    assert (found.verdict, found.change) == ("not_checked", "")
    assert "organizations:ListParents" in found.detail
    hub = ControlPolicies(HUB, unread="not allowed to read: organizations:DescribeOrganization")
    assert "organizations:DescribeOrganization" in judged(bound(MEMBER), hub, operation).detail
    assert judged(bound(MEMBER, document("ec2:*")), hub).verdict == "closed"  # what is known decides
