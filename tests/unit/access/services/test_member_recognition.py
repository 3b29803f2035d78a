"""Callers of member accounts: let in by organisation, registry and IAM there, and by all three."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chalicelib.access.domain.facts import FactsChanged, Suspended
from chalicelib.access.services.authentication import Authentication
from chalicelib.access.services.catalogue import CachedCatalogue
from chalicelib.access.services.member_recognition import MemberRecognition
from chalicelib.core.domain.errors import AccountUnreachable, Refused
from chalicelib.core.domain.roles import Account
from tests.fakes.core import EC2, FakeCatalogue, FakeJournal, refusals
from tests.fakes.directory import ACCOUNT, FakeIam, FakeTable, recognition, user_facts

DEV = Account("111111111111", "dev", "Shop", "/Workloads/Dev", {"env": "dev"}, "joined")
ORGANIZATION = "o-a1b2c3d4e5"


@dataclass
class Paths:
    """IAM of the member accounts: the path of each role, by its unique id."""

    paths: dict[str, str] = field(default_factory=lambda: {"AROA1": "/"})
    away: Exception | None = None
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def path(self, account: str, role: str, unique_id: str) -> str:
        self.asked.append((account, role, unique_id))
        if self.away:
            raise self.away
        if unique_id not in self.paths:
            raise Refused("deleted")
        return self.paths[unique_id]

    def unique_id(self, account: str, role: str) -> str:
        self.asked.append((account, role, ""))
        return next(iter(self.paths))


@dataclass
class Door:
    """The first step of a request, on fakes."""

    organization: str = ORGANIZATION
    table: FakeTable = field(default_factory=lambda: FakeTable(accounts={DEV.id: DEV}, roles={EC2.name: EC2}))
    paths: Paths = field(default_factory=Paths)
    journal: FakeJournal = field(default_factory=FakeJournal)

    @property
    def members(self) -> MemberRecognition:
        return MemberRecognition(
            organization=self.organization,
            partition="aws",
            sights=self.table,
            paths=self.paths,
            clock=self.table.clock,
        )

    @property
    def authentication(self) -> Authentication:
        iam = FakeIam({"alice": user_facts("alice", "AIDA1", "engineers")})
        return Authentication(
            home=ACCOUNT,
            recognition=recognition(self.table, iam),
            members=lambda: self.members,
            catalogue=CachedCatalogue(FakeCatalogue({}), self.table.clock, 60),
            policy_set="",
            refusals=lambda: refusals(self.journal),
        )

    def calls(self, **more: Any) -> Any:
        return self.authentication.authenticate(identity(**more), "request-1")


def identity(arn: str = "", **more: Any) -> dict[str, Any]:
    arn = arn or f"arn:aws:sts::{DEV.id}:assumed-role/ci/build-7"
    return {"userArn": arn, "user": "AROA1:build-7", "principalOrgId": ORGANIZATION, "sourceIp": "203.0.113.9", **more}


def test_a_role_session_of_a_joined_account_is_let_in() -> None:
    door = Door()
    caller = door.calls().caller
    assert (caller.name, caller.groups, caller.home) == (f"{DEV.id}:ci/build-7", (f"{DEV.id}:ci",), DEV)
    assert door.paths.asked == [(DEV.id, "ci", "AROA1")]
    assert door.journal.events == []


def test_callers_of_the_hub_need_no_organisation_and_nothing_of_the_members() -> None:
    door = Door(organization="")
    door.table.rows["AIDA1"] = user_facts("alice", "AIDA1", "engineers")
    door.table.marker = replace(door.table.marker, seen_at=door.table.clock())
    alice = {"userArn": f"arn:aws:iam::{ACCOUNT}:user/alice", "user": "AIDA1"}
    assert door.authentication.authenticate(alice, "request-1").caller.groups == ("engineers",)
    assert door.paths.asked == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"principalOrgId": "o-anotherone"}, "does not belong to the organisation"),
        ({"principalOrgId": None}, "does not belong to the organisation"),
        ({"principalOrgId": ""}, "does not belong to the organisation"),
        ({"arn": "arn:aws:iam::111111111111:user/alice", "user": "AIDA1"}, "IAM users of account"),
        ({"arn": "arn:aws:sts::999999999999:assumed-role/ci/build-7"}, "not in the broker's registry"),
        ({"arn": "arn:aws:sts::111111111111:assumed-role/ci/build-7", "user": "AROA2:build-7"}, "deleted"),
    ],
)
def test_each_refusal_says_why_and_is_on_record(changed: dict[str, Any], told: str) -> None:
    door = Door()
    with pytest.raises(Refused, match=told):
        door.calls(**changed)
    [event] = door.journal.events
    assert (event.type, event.origin.caller.kind) == ("refuse", "unknown")
    assert event.origin.caller.arn == identity(**changed)["userArn"]


@pytest.mark.parametrize("organization", ["", None])
def test_by_default_no_other_account_is_let_in(organization: str | None) -> None:
    with pytest.raises(Refused, match="not let in by this broker"):
        Door(organization="").calls(principalOrgId=organization)


@pytest.mark.parametrize("state", ["left", "unreachable", "home"])
def test_an_account_that_left_or_is_out_of_reach_is_shut_with_the_next_request(state: Any) -> None:
    door = Door()
    door.calls()
    door.table.accounts[DEV.id] = replace(DEV, state=state)
    with pytest.raises(Refused, match=f"says {state}"):
        door.calls()


def test_where_the_account_cannot_be_looked_into_no_caller_is_let_in() -> None:
    door = Door(paths=Paths(away=AccountUnreachable(DEV.id, "AccessDenied")))
    with pytest.raises(AccountUnreachable):
        door.calls()


@pytest.mark.parametrize("subject", [f"{DEV.id}:ci", f"{DEV.id}:ci/build-7", "AROA1"])
def test_a_suspended_caller_is_refused_by_name(subject: str) -> None:
    door = Door()
    door.table.suspend(door.calls().caller, subject)
    with pytest.raises(Suspended):
        door.calls()
    assert door.journal.events[-1].origin.caller.name == f"{DEV.id}:ci/build-7"


def test_a_suspension_of_the_hubs_role_of_that_name_is_not_about_it() -> None:
    door = Door()
    for subject in ("ci", "ci/build-7", "222222222222:ci", "AROA2"):
        door.table.suspend(door.calls().caller, subject)
    assert door.calls().caller.member


def test_a_session_of_a_brokered_role_asks_for_nothing() -> None:
    door = Door(paths=Paths({"AROA1": "/access-broker/"}))
    with pytest.raises(Refused, match="Sign with your own keys"):
        door.calls()
    assert door.authentication.authenticate(identity(), "request-1", brokered=True).caller.brokered


def test_what_is_older_than_a_second_is_read_again_before_anything_leaves() -> None:
    door = Door()
    members = door.members
    caller = members.admitted(caller_of(door), ORGANIZATION)
    found, confirm = members.guess(caller, EC2.name)
    assert (found.role, confirm()) == (EC2, found)
    door.table.clock.pass_seconds(2)
    assert confirm().same(found)
    door.table.accounts[DEV.id] = replace(DEV, ou_path="/Sandbox")
    with pytest.raises(FactsChanged):
        confirm()
    door.table.suspend(caller, f"{DEV.id}:ci")
    with pytest.raises(Suspended):
        confirm()


def caller_of(door: Door) -> Any:
    caller = door.calls().caller
    name, unique_id = caller.name.partition(":")[2], caller.unique_id.partition("/")[2]
    return replace(caller, name=name, unique_id=unique_id, groups=(), home=None)
