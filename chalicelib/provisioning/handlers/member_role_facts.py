"""The provision function's looks at roles of member accounts: to explain one, and to say which one calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.roles import ACCOUNT_ID, ROLE_NAME, ROLE_PATH, split_role_name
from chalicelib.core.handlers.bodies import converted
from chalicelib.provisioning import wiring

if TYPE_CHECKING:
    from collections.abc import Mapping


class RoleFacts(msgspec.Struct, frozen=True):
    """`member_role_facts`: a brokered role of a member account."""

    role: str
    role_arn: str


class CallerRole(msgspec.Struct, frozen=True):
    """`member_caller_role`: the role, under any path, behind a session that calls."""

    account: str
    role: str


def handle(event: Mapping[str, Any]) -> dict[str, Any]:
    """The role's facts under `role`; null if IAM there has no such role. BrokerError where the account is shut."""
    wanted = converted(event, RoleFacts)
    account, name = split_role_name(wanted.role)
    if not wanted.role_arn.endswith(f"::{account}:role{ROLE_PATH}{name}"):
        raise InvalidRequest("This is no brokered role of a member account.")
    return {"role": wiring.member_role_facts(account, wanted.role_arn)}


def of_a_caller(event: Mapping[str, Any]) -> dict[str, Any]:
    """The role's unique id and path under `role`; null if IAM there has no such role. BrokerError as `handle`."""
    wanted = converted(event, CallerRole)
    if not ACCOUNT_ID.fullmatch(wanted.account) or not ROLE_NAME.fullmatch(wanted.role):
        raise InvalidRequest("This is no role of a member account.")
    return {"role": wiring.member_caller_role(wanted.account, wanted.role)}
