"""The activity of a member account's session: ordered by the API function, read there by the provision function."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.domain.errors import AccountUnreachable, InvalidRequest
from chalicelib.sessions import wiring
from chalicelib.sessions.aws.activity_of_accounts import ActivityOfAccounts
from chalicelib.sessions.aws.cloudtrail import CloudTrailActivity
from chalicelib.sessions.handlers import activity_action
from tests.adapters.sessions.test_cloudtrail import Trail, event
from tests.fakes.sessions import session

if TYPE_CHECKING:
    from collections.abc import Callable

MEMBER = "111122223333"
HERE = session()
THERE = session(role=f"{MEMBER}:ec2-full", role_arn=f"arn:aws:iam::{MEMBER}:role/access-broker/ec2-full")


def of_member(number: int) -> dict[str, Any]:
    return {"CloudTrailEvent": event(number)["CloudTrailEvent"].replace("123456789012", MEMBER)}


class Provisioner:
    """The provision function: what is ordered and answered passes through JSON, as Lambda's payload does."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []

    def order(self, order: dict[str, Any]) -> dict[str, Any]:
        self.orders.append(order)
        answer: dict[str, Any] = json.loads(json.dumps(activity_action.handle(json.loads(json.dumps(order)))))
        return answer


@pytest.fixture
def member(monkeypatch: pytest.MonkeyPatch) -> Callable[[Trail], list[tuple[str, str]]]:
    """Puts a trail into every region of the member account; answers who entered where."""

    def put(trail: Trail) -> list[tuple[str, str]]:
        entered: list[tuple[str, str]] = []

        def cloudtrail(account: str, region: str) -> Trail:
            entered.append((account, region))
            return trail

        monkeypatch.setattr("chalicelib.accounts.wiring.spoke_roles", lambda: SimpleNamespace(cloudtrail=cloudtrail))
        return entered

    return put


def log(home: Trail, provisioner: Provisioner) -> ActivityOfAccounts:
    clients: Any = {"eu-west-1": home}
    return ActivityOfAccounts(CloudTrailActivity(clients), provisioner)


def test_a_session_of_the_brokers_own_account_is_read_here(member) -> None:
    entered, provisioner = member(Trail([])), Provisioner()
    assert [one.id for one in log(Trail([event(1)]), provisioner).page(HERE, None).items] == ["event-1"]
    assert (entered, provisioner.orders) == ([], [])


def test_a_members_session_is_read_there_in_pages_and_the_hubs_trail_is_not_asked(member) -> None:
    entered, home = member(Trail([of_member(number) for number in range(9, 0, -1)])), Trail([event(1)])
    provisioner = Provisioner()
    first = log(home, provisioner).page(THERE, None)
    second = log(home, provisioner).page(THERE, first.cursor)
    assert [one.id for one in (*second.items, *first.items)] == [f"event-{number}" for number in range(1, 10)]
    assert (second.cursor, home.asked, set(entered)) == (None, [], {(MEMBER, "eu-west-1")})


def test_calls_of_others_do_not_leave_the_provision_function(member) -> None:
    member(Trail([event(2), of_member(1)]))
    assert [one.id for one in log(Trail([]), Provisioner()).page(THERE, None).items] == ["event-1"]


def test_a_role_outside_of_the_brokers_path_is_never_looked_up(member) -> None:
    entered = member(Trail([]))
    for role_arn in (f"arn:aws:iam::{MEMBER}:role/Administrator", "arn:aws:iam::999999999999:role/access-broker/x"):
        with pytest.raises(InvalidRequest):
            log(Trail([]), Provisioner()).page(session(role=f"{MEMBER}:Administrator", role_arn=role_arn), None)
    assert entered == []


def test_an_account_out_of_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(account: str, _region: str) -> Trail:
        raise AccountUnreachable(account, "AccessDenied")

    monkeypatch.setattr("chalicelib.accounts.wiring.spoke_roles", lambda: SimpleNamespace(cloudtrail=shut))
    with pytest.raises(AccountUnreachable, match=MEMBER):
        wiring.activity_in_account(THERE.role, ("eu-west-1",))
