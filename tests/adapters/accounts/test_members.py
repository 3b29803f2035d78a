"""Member accounts in the table: names, roles with their accounts, and the list for those who run the broker."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.access.aws.catalogue import TableCatalogue, role_to_row
from chalicelib.access.aws.member_roles import TableMembers
from chalicelib.access.aws.sights_table import TableSights
from chalicelib.accounts.aws.registry_table import TableRegistry
from chalicelib.approvals.aws.requests_table import request_to_row
from chalicelib.approvals.domain.requests import Request
from chalicelib.core.aws import rows as table_rows
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.roles import Account, Role
from chalicelib.sessions.aws.session_log import session_to_row
from tests.adapters.conftest import ACCOUNT, REGION, make_user
from tests.fakes.core import ALICE, NOW
from tests.fakes.sessions import session

if TYPE_CHECKING:
    from collections.abc import Callable

DEV = Account("111111111111", "dev", "Shop", "/Workloads/Dev", {"env": "dev"}, "joined", "", NOW, joined_before=True)
ROLE = Role(
    f"{DEV.id}:ec2-full", f"arn:aws:iam::{DEV.id}:role/access-broker/ec2-full", unique_id="AROADEV",
    tags={"access-broker:audience": "engineers"},
)  # fmt: skip
OWN = Role("ec2-full", f"arn:aws:iam::{ACCOUNT}:role/access-broker/ec2-full")


@pytest.fixture
def dynamodb(account: None) -> Any:
    return boto3.client("dynamodb", REGION)


@pytest.fixture
def members(dynamodb: Any) -> TableMembers:
    return TableMembers(dynamodb, "broker", ACCOUNT, lambda _key, read: read())


@pytest.fixture
def registry(dynamodb: Any, members: TableMembers) -> TableRegistry:
    registry = TableRegistry(dynamodb, "broker", members)
    registry.write(DEV)
    return registry


@pytest.fixture
def catalogue(dynamodb: Any, members: TableMembers) -> TableCatalogue:
    for role in (ROLE, OWN):
        dynamodb.put_item(TableName="broker", Item=table_rows.to_item(role_to_row(role)))
    return TableCatalogue(dynamodb, "broker", lambda: members)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("ec2-full", "ec2-full"),
        ("dev:ec2-full", f"{DEV.id}:ec2-full"),
        (f"{DEV.id}:ec2-full", f"{DEV.id}:ec2-full"),
        (f"{ACCOUNT}:ec2-full", "ec2-full"),
        ("nosuch:ec2-full", ""),
        ("dev:dev:ec2-full", ""),
        ("DEV:ec2-full", ""),
        (":ec2-full", ""),
        ("dev:", ""),
    ],
)
def test_a_role_has_one_name_whatever_it_is_asked_for_by(registry, members, name: str, canonical: str) -> None:
    assert members.canonical(name) == canonical


def test_a_role_comes_with_its_account_and_an_alias_finds_it(registry, catalogue) -> None:
    for name in (ROLE.name, "dev:ec2-full"):
        assert catalogue.get(name) == replace(ROLE, home=DEV)
    assert catalogue.get("ec2-full") == OWN
    assert list(catalogue.after("")) == [replace(ROLE, home=DEV), OWN]


def test_a_role_of_an_account_that_is_not_registered_does_not_exist(catalogue) -> None:
    assert catalogue.get(ROLE.name) is None
    assert list(catalogue.after("")) == [OWN]


def test_a_list_reads_the_accounts_of_its_roles_and_long_lists_in_few_pages(registry, catalogue, dynamodb) -> None:
    other = replace(DEV, id="333333333333", alias="")
    for account in (other, replace(DEV, id="000000000001", alias=""), replace(DEV, id="999999999999", alias="")):
        registry.write(account)
    for number in range(250):
        role = replace(ROLE, name=f"{other.id}:role-{number:03}")
        dynamodb.put_item(TableName="broker", Item=table_rows.to_item(role_to_row(role)))
    answers: list[Any] = []
    dynamodb.meta.events.register("after-call.dynamodb.Query", lambda parsed, **_: answers.append(parsed["Items"]))
    listed = list(catalogue.after(""))
    assert [role.home.id for role in listed if role.home] == [DEV.id, *[other.id] * 250]
    read = [[item["pk"]["S"] for item in items] for items in answers]
    assert [(pks[0], len(pks)) for pks in read] == [("ROLE", 101), ("ACCOUNT", 2), ("ROLE", 151), ("ACCOUNT", 1)]


def test_the_request_reads_role_and_account_with_the_caller(registry, catalogue, dynamodb, members) -> None:
    sights = TableSights(dynamodb, "broker", lambda: NOW, lambda _attempt: None, lambda: members)
    assert sights.look(ALICE, "dev:ec2-full").role == replace(ROLE, home=DEV)
    assert sights.look(ALICE, "nosuch:ec2-full").role is None
    assert sights.look(ALICE, "ec2-full").role == OWN


def test_an_alias_that_stands_for_no_account_finds_nothing(registry, catalogue) -> None:
    registry.drop_alias("dev")
    assert catalogue.get("dev:ec2-full") is None


def test_those_who_run_the_broker_see_the_accounts_and_others_do_not(
    registry, call: Callable[..., Any], alice: dict[str, str]
) -> None:
    status, document, _ = call("GET", "/v1/accounts", make_user("admin", "broker-administrators"))
    assert (status, document["next_cursor"]) == (200, None)
    assert document["accounts"] == [
        {
            "id": DEV.id, "alias": "dev", "name": "Shop", "ou_path": "/Workloads/Dev", "tags": {"env": "dev"},
            "state": "joined", "reason": "", "checked_at": document["accounts"][0]["checked_at"],
        }
    ]  # fmt: skip
    assert call("GET", "/v1/accounts", alice)[1]["code"] == "not_allowed"


def test_accounts_come_in_pages(registry, call: Callable[..., Any]) -> None:
    registry.write(replace(DEV, id="222222222222", alias="prod"))
    admin = make_user("admin", "broker-administrators")
    first = call("GET", "/v1/accounts", admin, query={"limit": "1"})[1]
    rest = call("GET", "/v1/accounts", admin, query={"limit": "1", "cursor": first["next_cursor"]})[1]
    assert [one["id"] for one in (*first["accounts"], *rest["accounts"])] == [DEV.id, "222222222222"]
    assert rest["next_cursor"] is None


@pytest.mark.usefixtures("registry", "catalogue")
@pytest.mark.parametrize("list_of", ["sessions", "requests"])
def test_lists_take_the_role_by_the_alias_of_its_account(
    dynamodb, call: Callable[..., Any], alice: dict[str, str], list_of: str
) -> None:
    who = replace(ALICE, arn=alice["userArn"], unique_id=alice["user"])
    rows = {
        "sessions": [session_to_row(session(number, who, role=role.name)) for number, role in enumerate((ROLE, OWN))],
        "requests": [request_to_row(asked(number, alice, role)) for number, role in enumerate((ROLE, OWN))],
    }
    for row in rows[list_of]:
        dynamodb.put_item(TableName="broker", Item=table_rows.to_item(row))
    for name, found in {"dev:ec2-full": [ROLE.name], ROLE.name: [ROLE.name], "nosuch:ec2-full": []}.items():
        status, document, _ = call("GET", f"/v1/{list_of}", alice, query={"role": name})
        assert (status, [one["role"] for one in document[list_of]]) == (200, found)


def asked(number: int, who: dict[str, str], role: Role) -> Request:
    return Request(
        id=new_id(NOW, number.to_bytes(10, "big")),
        caller="alice",
        caller_id=who["user"],
        caller_arn=who["userArn"],
        role=role.name,
        duration_seconds=3600,
        approvals=1,
        policy="rule",
        filed_at=NOW,
        answer_by=NOW,
    )
