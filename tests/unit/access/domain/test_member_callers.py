"""Callers of member accounts: their names, groups and ids are no other caller's, and only path and account prove."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.domain.facts import IDENTITY_CENTER_PATH, Facts, described, subjects
from chalicelib.access.domain.member_callers import described_member, named, served
from chalicelib.approvals.domain.approvals import principal_id, require_second_person
from chalicelib.approvals.domain.filings import person_of
from chalicelib.core.domain.callers import SESSION_ARN, USER_NAME, Caller, caller_from_identity, source_identity
from chalicelib.core.domain.errors import Refused
from chalicelib.core.domain.roles import Account

HUB = "123456789012"
DEV = Account("111111111111", "dev", "Shop", "/Workloads/Dev", {"env": "dev"}, "joined")
PROD = replace(DEV, id="222222222222", alias="prod")
PERMISSION_SET = "AWSReservedSSO_BrokerApprovers_0123456789abcdef"
NAMES = st.text(alphabet="ab1=,.@_+-", min_size=2, max_size=12)


def from_gateway(role: str, session: str, account: str = DEV.id, role_id: str = "AROA1") -> Caller:
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
    return caller_from_identity({"userArn": arn, "user": f"{role_id}:{session}"})


def member(role: str, session: str, path: str = "/", home: Account = DEV) -> Caller:
    return described_member(named(from_gateway(role, session, home.id)), home, path)


def test_the_role_is_the_group_and_the_account_is_in_every_name() -> None:
    caller = member("ci", "build-7")
    assert (caller.name, caller.groups, caller.account) == (f"{DEV.id}:ci/build-7", (f"{DEV.id}:ci",), DEV.id)
    assert (caller.tags, caller.brokered, caller.home, caller.member) == ({}, False, DEV, True)


@given(NAMES, NAMES)
def test_no_name_is_one_of_the_hub_or_of_another_account(role: str, session: str) -> None:
    callers = [member(role, session), member(role, session, home=PROD), from_gateway(role, session, HUB)]
    assert len({caller.name for caller in callers}) == len(callers)
    assert len({source_identity(caller) for caller in callers}) == len(callers)
    for caller in callers[:2]:
        assert not USER_NAME.fullmatch(caller.name)
        assert not SESSION_ARN.fullmatch(f"arn:aws:sts::{HUB}:assumed-role/{caller.name}")
        posing = from_gateway(caller.name.split("/")[0].replace(":", "="), session, HUB)
        assert source_identity(posing) != source_identity(caller)


@given(NAMES, NAMES)
def test_the_hub_has_no_group_of_a_members_role(role: str, session: str) -> None:
    assert not USER_NAME.fullmatch(member(role, session).groups[0])  # IAM group names have the same characters


def test_a_person_of_identity_center_is_proven_by_the_path_and_by_nothing_else() -> None:
    path = f"{IDENTITY_CENTER_PATH}eu-west-1/"
    person = member(PERMISSION_SET, "ann@example.com", path)
    assert (person.name, person.groups) == (f"{DEV.id}:sso/ann@example.com", (f"{DEV.id}:sso/BrokerApprovers",))
    for posing in ("/", "/team/aws-reserved/sso.amazonaws.com/", "/aws-reserved/sso.amazonaws.com.evil/"):
        caller = member(PERMISSION_SET, "ann@example.com", posing)
        assert caller.name == f"{DEV.id}:{PERMISSION_SET}/ann@example.com"
        assert caller.groups == (f"{DEV.id}:{PERMISSION_SET}",)
        assert principal_id(caller.unique_id) == principal_id(member(PERMISSION_SET, "bea").unique_id)


def test_a_person_gets_nothing_of_the_hubs_person_and_counts_as_the_same_one() -> None:
    """An administrator of a member account could let others sign in there under the name of a person."""
    path = f"{IDENTITY_CENTER_PATH}eu-west-1/"
    arn = f"arn:aws:iam::{HUB}:role{path}{PERMISSION_SET}"
    at_home = described(from_gateway(PERMISSION_SET, "ann", HUB), Facts("AROA1", "role", PERMISSION_SET, arn))
    there, in_prod = member(PERMISSION_SET, "ann", path), member(PERMISSION_SET, "ann", path, PROD)
    people = (at_home, there, in_prod)
    assert len({one.name for one in people}) == len({one.unique_id for one in people}) == len(people)
    assert len({one.groups for one in people}) == len(people)
    assert {principal_id(one.unique_id) for one in people} == {"sso/ann"}
    assert principal_id(member(PERMISSION_SET, "bea", path).unique_id) == "sso/bea"


def test_all_sessions_of_a_role_are_one_principal() -> None:
    assert principal_id(member("ci", "one").unique_id) == principal_id(member("ci", "two").unique_id)


def test_a_role_that_is_made_again_is_the_same_principal_and_has_nothing_of_the_old_one() -> None:
    """Else the account's administrators would approve, and file without limit, by making one role again and again."""
    old, new = (member("ci", "one") for _ in range(2))
    again = described_member(named(from_gateway("ci", "two", role_id="AROA2")), DEV, "/")
    others = [member("cd", "one"), member("ci", "one", home=PROD), from_gateway("ci", "one", HUB)]
    assert old == new
    assert old.unique_id != replace(again, unique_id=again.unique_id.replace("two", "one")).unique_id
    assert principal_id(old.unique_id) == principal_id(again.unique_id) == person_of(again) == f"{DEV.id}:ci"
    assert f"{DEV.id}:ci" not in {principal_id(one.unique_id) for one in others}
    with pytest.raises(Refused, match="never decides"):
        require_second_person(again, [old.unique_id])
    assert principal_id(member("CI", "one").unique_id) == principal_id(old.unique_id)
    ann, same = (member(PERMISSION_SET, one, f"{IDENTITY_CENTER_PATH}x/") for one in ("ann", "Ann"))
    assert principal_id(ann.unique_id) == principal_id(same.unique_id)


def test_the_limits_of_requests_are_of_a_person_in_all_accounts() -> None:
    path = f"{IDENTITY_CENTER_PATH}eu-west-1/"
    assert {person_of(member(PERMISSION_SET, "ann", path, home)) for home in (DEV, PROD)} == {"sso/ann"}


@pytest.mark.parametrize("path", ["/access-broker/", "/access-broker-workloads/app/"])
def test_behind_a_brokered_role_may_stand_any_person(path: str) -> None:
    assert member("ec2-full", "alice-1", path).brokered


def test_a_role_named_as_persons_are_cannot_call() -> None:
    with pytest.raises(Refused, match="named sso"):
        member("sso", "ann")


def test_iam_users_of_other_accounts_are_refused() -> None:
    user = caller_from_identity({"userArn": f"arn:aws:iam::{DEV.id}:user/alice", "user": "AIDA1"})
    with pytest.raises(Refused, match="IAM users of account 111111111111 cannot call"):
        named(user)


@pytest.mark.parametrize("state", ["home", "unreachable", "left"])
def test_an_account_that_is_not_joined_is_shut(state: Any) -> None:
    with pytest.raises(Refused, match=f"says {state}"):
        served(replace(DEV, state=state), DEV.id)
    with pytest.raises(Refused, match="not in the broker's registry"):
        served(None, DEV.id)
    assert served(DEV, DEV.id) == DEV


def test_a_suspension_finds_the_caller_by_each_name_it_has() -> None:
    ci = subjects(named(from_gateway("ci", "build-7")))
    assert set(ci) == {"AROA1", "AROA1:build-7", f"{DEV.id}:ci", f"{DEV.id}:ci/build-7"}
    ann = subjects(named(from_gateway(PERMISSION_SET, "ann")))
    assert {"sso/ann", f"{DEV.id}:sso/ann", f"{DEV.id}:{PERMISSION_SET}"} <= set(ann)
    described_again = subjects(member(PERMISSION_SET, "ann", f"{IDENTITY_CENTER_PATH}x/"))
    assert {"sso/ann", f"{DEV.id}:sso/ann"} <= set(described_again)
    assert "sso/ann" not in subjects(named(from_gateway("ci", "ann")))
    assert f"{DEV.id}:ci" in subjects(named(from_gateway("CI", "build-7", role_id="AROA2")))
    assert {"sso/ann", "sso/Ann"} <= set(subjects(named(from_gateway(PERMISSION_SET, "Ann"))))
    at_home = subjects(from_gateway("ci", "build-7", HUB, "AROA2"))
    assert set(at_home).isdisjoint(ci)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{DEV.id}:root",
        f"arn:aws:sts::{DEV.id}:federated-user/ann",
        f"arn:aws:sts::{DEV.id}:assumed-role/ci",
        f"arn:aws:sts::{DEV.id}:assumed-role/a/b/c",
        f"arn:aws:sts::{DEV.id}:assumed-role/{HUB}:ci/session",
        f"arn:aws:sts::{DEV.id}:assumed-role/ci/session\n",
        f"arn:aws:sts::{DEV.id}1:assumed-role/ci/session",
        "arn:aws:sts::" + "\uff11" * 12 + ":assumed-role/ci/session",
        f"arn:aws:sts::{DEV.id}:assumed-role/ci/sess:ion",
        "",
    ],
)
def test_a_hostile_arn_is_no_caller(arn: str) -> None:
    with pytest.raises(Refused):
        caller_from_identity({"userArn": arn, "user": "AROA1:session"})
