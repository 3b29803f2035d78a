"""A request about keys, devices or a password that names no user is about the user who signed it.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html ("UserName")
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.core.router import extract_access_key_id
from ministack.services import iam

from localaws.parity.wrap import ArnQuestion, around

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATIONS = frozenset(
    {
        "GetUser",
        "CreateAccessKey",
        "ListAccessKeys",
        "UpdateAccessKey",
        "DeleteAccessKey",
        "ListMFADevices",
        "DeactivateMFADevice",
        "GetLoginProfile",
    }
)


async def handle_request(original: Callable[..., Any], *request: Any) -> Any:
    """The request, with the caller's name where it names no user."""
    method, path, headers, body, query = request
    named = _named({**query, **parse_qs(body.decode("utf-8", "replace"))}, headers, query)
    return await original(method, path, headers, body, {**query, **named})


def resource_arn(original: Callable[..., str], *request: Any) -> str:
    """The ARN of the user that the request is about."""
    question = ArnQuestion(*request)
    if question.service != "iam":
        return original(*request)
    named = _named(question.params, question.headers, question.params)
    return original(*question._replace(params={**question.params, **named}))


def _named(params: dict[str, Any], headers: dict[str, str], query: dict[str, Any]) -> dict[str, list[str]]:
    if iam._p(params, "UserName") or iam._p(params, "Action") not in OPERATIONS:
        return {}
    caller = iam_evaluator.resolve_credential(extract_access_key_id(headers, query), get_account_id())
    name = getattr(caller, "principal_name", "")
    return {"UserName": [name]} if name else {}


def install() -> None:
    """Name the user before policies and IAM look."""
    around(iam, "handle_request", handle_request)
    around(iam_actions, "extract_resource_arn", resource_arn)
