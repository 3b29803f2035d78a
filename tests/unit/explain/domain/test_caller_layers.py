"""The layers about the caller: suspended or not, and counted as whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.access.domain.facts import Suspension
from chalicelib.core.domain.callers import Caller
from chalicelib.explain.domain.caller_layers import OWN_NAME, counted_as, pins_the_session_name, suspension
from tests.fakes.core import ALICE, CAROL, NOW

PIN = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
CI = Caller("role", "ci/build-7", "arn:aws:sts::123456789012:assumed-role/ci/build-7", "123456789012", "AROACI:build-7")
PERSON = replace(CI, name="sso/ann", unique_id="sso/ann")


def standing(subject: str, identifier: str = "01kq", hours: int = 0) -> Suspension:
    return Suspension(identifier, subject, "alice", "secret reason", "rita", NOW + timedelta(hours=hours))


def allow(action: Any = "sts:AssumeRole", condition: Any = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": action}
    return {**statement, "Condition": condition} if condition else statement


def test_only_the_callers_own_suspension_counts_and_the_first_is_named() -> None:
    rows = [
        standing(ALICE.unique_id, "late", 1),
        standing(ALICE.unique_id, "early"),
        standing(CAROL.unique_id, "other"),
    ]
    assert suspension(ALICE, rows).by == "suspension early"
    assert suspension(CAROL, rows[:2]).verdict == "open"


def test_a_session_is_suspended_by_its_role_by_itself_or_by_the_person() -> None:
    assert suspension(CI, [standing("AROACI")]).verdict == "closed"
    assert suspension(CI, [standing("AROACI:build-7")]).verdict == "closed"
    assert suspension(PERSON, [standing("sso/ann")]).verdict == "closed"
    assert suspension(PERSON, [standing("sso/bea")]).verdict == "open"


@pytest.mark.parametrize(
    ("caller", "pinned", "by"),
    [
        (ALICE, (), "IAM"),
        (PERSON, (), "IAM Identity Center"),
        (CI, (), "role session"),
        (CI, ("ci",), "policies/people.json"),
    ],
)
def test_it_says_by_what_a_caller_counts(caller: Caller, pinned: tuple[str, ...], by: str) -> None:
    assert (counted_as(caller, pinned, None).by, counted_as(caller, pinned, None).verdict) == (by, "open")


@pytest.mark.parametrize(
    ("trust", "pins"),
    [
        ([allow(condition=PIN)], True),
        ([allow(["sts:AssumeRole", "sts:TagSession"], {"stringlike": {"STS:RoleSessionName": [OWN_NAME]}})], True),
        ([allow(condition=PIN), allow("sts:TagSession")], True),
        ([allow(condition=PIN), allow()], False),
        ([allow(condition=PIN), allow("sts:*")], False),
        ([allow(condition=PIN), {"Effect": "Allow", "NotAction": "sts:TagSession"}], False),
        ([allow(condition={"StringEqualsIfExists": {"sts:RoleSessionName": "${aws:username}"}})], False),
        ([allow(condition={"StringLike": {"sts:RoleSessionName": "*"}})], False),
        ([allow(condition={"StringEquals": {"sts:RoleSessionName": ["${aws:username}", "root"]}})], False),
        ([allow(condition={"StringEquals": {"aws:username": "alice"}})], False),
        ([], False),
        ([{"Effect": "Deny", "Action": "sts:AssumeRole"}], False),
    ],
)  # fmt: skip
def test_a_trust_policy_pins_the_name_only_if_every_way_in_does(trust: list[Any], pins: bool) -> None:  # noqa: FBT001
    assert pins_the_session_name({"Statement": trust}) == pins
