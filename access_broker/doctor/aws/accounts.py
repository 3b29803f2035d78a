"""Member accounts, looked at by the provision function: no other principal is let in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from access_broker.doctor.checks.accounts import Member, Members
from access_broker.doctor.model import CannotLook

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

LONGEST_SECONDS = 310
"""The provision function ends after 300."""


def members(deployment: Deployment) -> Members:
    """Every registered account that has not left."""
    answer = _answer(deployment, {"action": "examine_accounts"})
    found = tuple(_member(one) for one in answer["accounts"])
    return Members(answer["template"], found)


def _member(told: dict[str, Any]) -> Member:
    name = f"{told['alias']} ({told['account']})" if told["alias"] else told["account"]
    return Member(name, told["refused"], told["template"], told["wrong"])


def _answer(deployment: Deployment, order: dict[str, str]) -> dict[str, Any]:
    client = deployment.client("lambda", retries=1, seconds=LONGEST_SECONDS)
    invoked = client.invoke(FunctionName=f"{deployment.name}-provision", Payload=json.dumps(order).encode())
    answer: dict[str, Any] = json.load(invoked["Payload"])
    if "FunctionError" in invoked or not answer.get("ok"):
        raise CannotLook("the provision function did not answer")
    result: dict[str, Any] = answer["result"]
    return result
