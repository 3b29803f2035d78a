"""The brokered roles of an account, by their boundary: IAM's own lists, in the account's own ARNs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import boto3
from botocore.stub import Stubber

from chalicelib.accounts.aws.brokered_roles import BrokeredRoles
from chalicelib.accounts.services.find_roles import FoundRoles, RoleFinder
from chalicelib.core.domain.errors import AccountUnreachable
from chalicelib.core.domain.roles import Account
from tests.adapters.conftest import REGION

HOME, DEV, PROD = "123456789012", "111111111111", "222222222222"
BOUNDARIES = {f"arn:aws:iam::{HOME}:policy/access-broker/b-boundary{tier}" for tier in ("", "-operator")}


class Spokes:
    """One account lets us in."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def iam(self, account: str) -> Any:
        if account != DEV:
            raise AccountUnreachable(account, "AccessDenied")
        return self._iam


class Registry:
    """Two accounts that joined, and two that are not asked."""

    def every(self) -> list[Account]:
        states = {HOME: "home", DEV: "joined", PROD: "joined", "333333333333": "left"}
        return [Account(number, state=cast("Any", state)) for number, state in states.items()]


def test_roles_under_each_boundary_are_found_and_an_account_that_is_shut_costs_nothing() -> None:
    iam = boto3.client("iam", REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(iam) as stubbed:
        for boundary, roles in zip(sorted(BOUNDARIES), (["tool", "app"], None), strict=True):
            asked = {
                "PolicyArn": boundary.replace(HOME, DEV), "EntityFilter": "Role", "PathPrefix": "/access-broker/",
                "PolicyUsageFilter": "PermissionsBoundary",
            }  # fmt: skip
            if roles is None:
                stubbed.add_client_error("list_entities_for_policy", "NoSuchEntity", expected_params=asked)
            else:
                answer = {"PolicyRoles": [{"RoleName": name} for name in roles], "IsTruncated": False}
                stubbed.add_response("list_entities_for_policy", answer, asked)
        finder = RoleFinder(
            accounts=cast("Any", Registry()), threads=lambda: ThreadPoolExecutor(1),
            roles=BrokeredRoles(HOME, BOUNDARIES, cast("Any", Spokes(iam))),
        )  # fmt: skip
        assert finder.find() == FoundRoles((f"{DEV}:app", f"{DEV}:tool"), (PROD,))
        stubbed.assert_no_pending_responses()
