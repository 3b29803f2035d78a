"""Bulk reading: pages, the credential report, and what AWS may answer instead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.approvals.aws.overdue_function import ExpireFunction
from chalicelib.cleanup.aws.account_roles import PAGE, IamRoleInventory
from chalicelib.cleanup.aws.account_users import PATIENT_TRIES, TRIES, ReportedUsers
from chalicelib.core.domain.errors import AwsUnavailable, RefusedByAws
from tests.adapters.conftest import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.domain.times import Pause

THEN = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = (
    "user,arn,user_creation_time,password_enabled,password_last_used,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,mfa_active\n"
)


@pytest.fixture
def iam() -> Any:
    return boto3.client("iam", REGION, aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def stub(iam: Any) -> Iterator[Stubber]:
    with Stubber(iam) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def page(number: int, marker: str | None) -> dict[str, Any]:
    detail = {
        "Path": "/", "RoleName": f"role-{number}", "RoleId": f"AROAEXAMPLEEXAMPLE{number}",
        "Arn": f"arn:aws:iam::123456789012:role/role-{number}", "CreateDate": THEN, "RoleLastUsed": {},
    }  # fmt: skip
    more = {"IsTruncated": True, "Marker": marker} if marker else {"IsTruncated": False}
    return {"RoleDetailList": [detail], "UserDetailList": [], "GroupDetailList": [], "Policies": [], **more}


def test_every_page_is_read_and_none_is_asked_for_too_early(iam: Any, stub: Stubber) -> None:
    asked: dict[str, Any] = {"Filter": ["Role"], "MaxItems": PAGE}
    stub.add_response("get_account_authorization_details", page(1, "more"), asked)
    roles = IamRoleInventory(iam).every()
    first = next(roles)
    stub.assert_no_pending_responses()
    stub.add_response("get_account_authorization_details", page(2, None), {**asked, "Marker": "more"})
    assert [first.name, *(role.name for role in roles)] == ["role-1", "role-2"]
    assert (first.last_used_at, first.created_at, first.boundary_arn) == (None, THEN, "")


@pytest.mark.parametrize(("code", "kind"), [("Throttling", AwsUnavailable), ("AccessDenied", RefusedByAws)])
def test_a_page_that_does_not_come_says_whether_it_may_come_later(
    iam: Any, stub: Stubber, code: str, kind: type[Exception]
) -> None:
    stub.add_response("get_account_authorization_details", page(1, "more"))
    stub.add_client_error("get_account_authorization_details", code)
    roles = IamRoleInventory(iam).every()
    assert next(roles).name == "role-1"
    with pytest.raises(kind):
        next(roles)


@pytest.mark.parametrize(("code", "kind"), [("Throttling", AwsUnavailable), ("AccessDenied", RefusedByAws)])
def test_a_second_look_that_fails_is_no_role_that_is_gone(
    iam: Any, stub: Stubber, code: str, kind: type[Exception]
) -> None:
    stub.add_client_error("get_role", code)
    with pytest.raises(kind):
        IamRoleInventory(iam).look("tool")


class Table:
    """The users the provisioner made."""

    def get_paginator(self, _operation: str) -> Table:
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [{"Items": [{"sk": {"S": name}} for name in ("ours", "both")]}]


def reported(iam: Any, pause: Pause) -> ReportedUsers:
    table: Any = Table()
    return ReportedUsers(iam, table, "broker", pause)


def report(stub: Stubber, *lines: str) -> None:
    stub.add_response("generate_credential_report", {"State": "COMPLETE"})
    stub.add_response("get_credential_report", {"Content": (HEAD + "\n".join(lines)).encode()})


def line(name: str, path: str, rest: str) -> str:
    return f"{name},arn:aws:iam::123456789012:user{path}{name},2026-01-01T00:00:00+00:00,{rest}"


def test_the_report_tells_who_signed_in_and_which_keys_were_used(iam: Any, stub: Stubber) -> None:
    report(
        stub,
        line("<root_account>", "/", "not_supported,N/A,false,N/A,N/A,false,N/A,N/A,true"),
        line("ours", "/access-broker/", "true,no_information,true,2026-02-01T00:00:00+00:00,N/A,false,N/A,N/A,false"),
        line("both", "/access-broker/", f"true,{THEN.isoformat()},true,N/A,{THEN.isoformat()},false,N/A,N/A,true"),
        line("both", "/elsewhere/", "true,no_information,false,N/A,N/A,false,N/A,N/A,false"),
        line("theirs", "/access-broker/", "true,no_information,false,N/A,N/A,false,N/A,N/A,false"),
    )
    ours, both = reported(iam, lambda _: None).every(patient=False)
    assert (ours.name, ours.has_password, ours.signed_in_at) == ("ours", True, None)
    assert [(key.number, key.used_at) for key in ours.keys] == [(1, None)]
    assert (both.signed_in_at, both.keys[0].used_at) == (THEN, THEN)
    assert both.keys[0].made_at == both.created_at
    assert (ours.has_mfa, both.has_mfa) == (False, True)


@pytest.mark.parametrize(("patient", "tries"), [(False, TRIES), (True, PATIENT_TRIES)])
def test_a_report_that_is_not_ready_is_waited_for_but_not_for_ever(
    iam: Any, stub: Stubber, *, patient: bool, tries: int
) -> None:
    waited: list[float] = []
    for _ in range(tries):
        stub.add_response("generate_credential_report", {"State": "INPROGRESS"})
    with pytest.raises(AwsUnavailable):
        reported(iam, waited.append).every(patient=patient)
    assert len(waited) == tries


class Lambda:
    """The expire function, broken as told."""

    def __init__(self, **more: str) -> None:
        self._more = more

    def invoke(self, **_: object) -> dict[str, Any]:
        from io import BytesIO  # noqa: PLC0415

        return {"Payload": BytesIO(b'{"requests": 1, "grants": 2, "unreviewed": 3}'), **self._more}


def test_the_expire_function_is_asked_and_its_failure_is_told() -> None:
    assert ExpireFunction(Lambda(), "broker-expire").run() == (1, 2)  # type: ignore[arg-type]
    with pytest.raises(AwsUnavailable):
        ExpireFunction(Lambda(FunctionError="Unhandled"), "broker-expire").run()  # type: ignore[arg-type]
