"""A trust policy is the role's resource policy: naming a principal of the account is enough.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import iam, sts

from localaws.parity.wrap import around_each

if TYPE_CHECKING:
    from collections.abc import Callable


ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role/(?:.+/)?(?P<name>[^/]+)")


def role_of(role_arn: str) -> dict[str, Any] | None:
    """The stored role with exactly this ARN, path included."""
    asked = ROLE.fullmatch(role_arn)
    role = iam._roles.get_scoped(asked["account"], None, asked["name"]) if asked else None
    return role if role and role["Arn"] == role_arn else None


def trust_policy_for_arn(role_arn: str) -> tuple[Any, str] | None:
    """The role's trust policy and the account that owns it, as ministack asks of a resource policy."""
    role = role_of(role_arn)
    return (role["AssumeRolePolicyDocument"], role_arn.split(":")[4]) if role else None


def forget_principal(delete: Callable[..., Any], params: dict[str, Any], *, store: Any, kind: str, label: str) -> Any:
    """Delete a user or role. Trust policies keep its unique id, so a new one of the same name is not trusted.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    principal = store.get(iam._p(params, kind))
    response = delete(params)
    if response[0] == HTTPStatus.OK and principal:
        _write_id_instead(principal["Arn"], principal[label])
    return response


def _write_id_instead(arn: str, unique_id: str) -> None:
    for role in iam._roles.values():
        document = role["AssumeRolePolicyDocument"]
        text = document if isinstance(document, str) else json.dumps(document)
        role["AssumeRolePolicyDocument"] = text.replace(f'"{arn}"', f'"{unique_id}"')


def _forget_user(delete: Callable[..., Any], params: dict[str, Any]) -> Any:
    return forget_principal(delete, params, store=iam._users, kind="UserName", label="UserId")


def _forget_role(delete: Callable[..., Any], params: dict[str, Any]) -> Any:
    return forget_principal(delete, params, store=iam._roles, kind="RoleName", label="RoleId")


def install() -> None:
    """Let ministack's evaluator see trust policies as resource policies, and ids of deleted principals."""
    sts.trust_policy_for_arn = trust_policy_for_arn
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["sts"] = ("sts", "trust_policy_for_arn")
    around_each(iam._IAM_HANDLERS, ("DeleteUser",), _forget_user)
    around_each(iam._IAM_HANDLERS, ("DeleteRole",), _forget_role)
