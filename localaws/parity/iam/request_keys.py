"""Condition keys of STS and IAM requests that ministack does not know.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions
from ministack.services import iam, tagging

from localaws.parity.iam import arns
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

STS_KEYS = {
    "sts:ExternalId": "ExternalId",
    "sts:RoleSessionName": "RoleSessionName",
    "sts:SourceIdentity": "SourceIdentity",
}
SETS_BOUNDARY = frozenset({"CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"})
UNDER_BOUNDARY = frozenset(
    f"{verb}{kind}{noun}"
    for kind in ("Role", "User")
    for verb, noun in (
        ("Put", "Policy"),
        ("Delete", "Policy"),
        ("Attach", "Policy"),
        ("Detach", "Policy"),
        ("Delete", "PermissionsBoundary"),
    )
)
NAMES_POLICY = frozenset(f"{verb}{kind}Policy" for verb in ("Attach", "Detach") for kind in ("Role", "User", "Group"))


def request_context(
    original: Callable[..., dict[str, Any]], service: str, action: str, body: bytes, params: dict[str, Any]
) -> dict[str, Any]:
    """The tags of the request, as ministack finds them, and the keys below."""
    keys = original(service, action, body, params)
    if service == "sts":
        return keys | _present({key: iam._p(params, name, None) for key, name in STS_KEYS.items()})
    if service == "iam":
        return keys | _iam_keys(action.removeprefix("iam:"), params)
    return keys


def _iam_keys(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    entity = arns.entity_of(params) or {}
    boundary = None
    if operation in SETS_BOUNDARY:
        boundary = iam._p(params, "PermissionsBoundary", None)
    elif operation in UNDER_BOUNDARY:
        boundary = entity.get("PermissionsBoundary")
    policy = iam._p(params, "PolicyArn", None) if operation in NAMES_POLICY else None
    tags = tagging.resource_tags(entity.get("Arn", "")) or {}
    return _present(
        {"iam:PermissionsBoundary": boundary, "iam:PolicyARN": policy}
        | {f"iam:ResourceTag/{name}": value for name, value in tags.items()}
    )


def _present(keys: dict[str, Any]) -> dict[str, Any]:
    """An absent key differs from an empty one: Null and ...IfExists look at that."""
    return {key: value for key, value in keys.items() if value}


def install() -> None:
    """Add the keys where ministack gathers those of the request's tags."""
    around(iam_actions, "request_tag_context", request_context)
