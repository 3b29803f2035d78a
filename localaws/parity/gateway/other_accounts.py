"""An API can be called from any account. Its ARN names the account of the API; the function receives the caller's.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html ("cross-account")

Across accounts both must allow the call: the API's resource policy and the
identity policies of the caller. ministack looks for an API in the caller's
account only.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import arn, iam_evaluator
from ministack.core.responses import _account_from_sts_session, get_region, request_scope
from ministack.services import apigateway_v1

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable


def find_api_scope(_original: Callable[..., Any], api: str) -> tuple[str, str] | None:
    """The account and the region of an API, whatever account calls it."""
    scopes = (
        (account, region) for (account, region, stored), _ in apigateway_v1._rest_apis.all_items() if stored == api
    )
    return next(scopes, None)


def execute_api_arn(original: Callable[..., str], region: str, account: str, api: str, *more: str) -> str:
    """The ARN of a method, in the account of its API."""
    scope = apigateway_v1.find_api_scope(api)
    return original(region, scope[0] if scope else account, api, *more)


def caller_identity(original: Callable[..., Any], access_key: str) -> Any:
    """The identity of the caller that the function receives, looked up in the caller's account."""
    account = _account_from_sts_session(access_key) or iam_evaluator.find_iam_access_key_account(access_key)
    if account is None:
        return original(access_key)
    with request_scope(account, get_region()):
        return original(access_key)


def install() -> None:
    """Find APIs and their callers across accounts."""
    around(apigateway_v1, "find_api_scope", find_api_scope)
    around(arn, "execute_api_arn", execute_api_arn)
    around(iam_evaluator, "resolve_caller_identity", caller_identity)
