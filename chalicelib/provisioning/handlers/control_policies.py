"""The provision function's look at the organisation, for an explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib.access.wiring import members
from chalicelib.accounts.wiring import control_policies
from chalicelib.core.domain.errors import NotFound
from chalicelib.core.handlers.bodies import converted
from chalicelib.core.wiring import config

if TYPE_CHECKING:
    from collections.abc import Mapping


class AccountAsked(msgspec.Struct, frozen=True):
    """`control_policies`: a member account."""

    account: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$(?!\n)")]


def handle(event: Mapping[str, Any]) -> dict[str, Any]:
    """The service control policies that bind the account, and those of the broker's own."""
    account = converted(event, AccountAsked).account
    if members().account(account) is None:
        raise NotFound(f"There is no account {account}: see broker accounts")
    home = config().require("broker_role_arn").split(":")[4]
    return {"member": control_policies(account), "home": control_policies(home)}
