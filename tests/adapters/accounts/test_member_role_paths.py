"""Paths of roles in member accounts: read once, and after a failure left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.access.aws.member_role_paths import KEPT, MemberRolePaths
from chalicelib.core.domain.errors import AccountUnreachable, Refused
from chalicelib.provisioning.aws.member_role_facts import identity
from tests.fakes.core import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

DEV, PROD = "111111111111", "222222222222"


@dataclass
class Function:
    """The provision function, and the roles that it finds."""

    roles: dict[str, str] = field(default_factory=lambda: {"ci": "AROA1"})
    away: str = ""
    asked: list[str] = field(default_factory=list)

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert order["action"] == "member_caller_role"
        self.asked.append(order["role"])
        if order["account"] == self.away:
            raise AccountUnreachable(self.away, "AccessDenied")
        found = self.roles.get(order["role"])
        return {"role": {"unique_id": found, "path": f"/{order['role']}/"} if found else None}


def test_a_role_whose_name_differs_in_case_is_another_one() -> None:
    """IAM finds it: a session under the other spelling would be past rules and suspensions of the role."""

    class Iam:
        def get_role(self, RoleName: str) -> Any:  # noqa: N803  as boto3
            role = {"RoleId": "AROA1", "RoleName": "ci", "Path": "/team/"}
            return {"Role": role if RoleName.lower() == "ci" else {}}

    iam: Any = Iam()
    assert identity(iam, "ci") == {"unique_id": "AROA1", "path": "/team/"}
    assert identity(iam, "CI") is None


def test_a_role_is_read_once_and_another_of_its_name_is_not_it() -> None:
    function = Function()
    paths = MemberRolePaths(function, Clock())
    assert [paths.path(DEV, "ci", "AROA1") for _ in range(3)] == ["/ci/"] * 3
    assert function.asked == ["ci"]
    with pytest.raises(Refused, match="deleted"):
        paths.path(DEV, "ci", "AROA2")
    assert paths.path(DEV, "ci", "AROA1") == "/ci/"


def test_callers_that_fail_do_not_keep_the_provision_function_busy() -> None:
    function, clock = Function(away=PROD), Clock()
    paths = MemberRolePaths(function, clock)
    for account, role, unique_id in ((PROD, "ci", "AROA8"), (PROD, "other", "AROA9"), (DEV, "gone", "AROA7")):
        for _ in range(5):
            with pytest.raises((AccountUnreachable, Refused)):
                paths.path(account, role, unique_id)
    assert function.asked == ["ci", "gone"]
    assert paths.path(DEV, "ci", "AROA1") == "/ci/"  # the account's other roles are not held up
    function.away = ""
    function.roles["gone"] = "AROA7"
    clock.pass_seconds(11)
    assert paths.path(DEV, "gone", "AROA7") == "/gone/"


def test_a_container_keeps_so_many_and_no_more() -> None:
    function = Function({f"r{number}": f"A{number}" for number in range(KEPT + 1)})
    paths = MemberRolePaths(function, Clock())
    for number in (*range(KEPT + 1), KEPT, 0):
        paths.path(DEV, f"r{number}", f"A{number}")
    assert len(function.asked) == KEPT + 2
    assert len(paths._paths) == KEPT  # noqa: SLF001  the bound itself
