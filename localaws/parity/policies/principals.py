"""Condition keys that describe the caller: role ARN, source identity, unique id.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import iam, sts

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable


def principal_keys(original: Callable[..., dict[str, Any]], credential: Any) -> dict[str, Any]:
    """The keys ministack knows, and the source identity the session was given."""
    session = sts._sessions.get(credential.access_key_id) or {}
    stamped = session.get("SourceIdentity")
    return original(credential) | ({"aws:sourceidentity": stamped} if stamped else {})


def condition_key(original: Callable[..., Any], key: str, context: Any) -> Any:
    """`aws:PrincipalArn` of a role session is the role's ARN, path included, not the session's."""
    if key.lower() != "aws:principalarn" or context.principal_type != "AssumedRole":
        return original(key, context)
    role = role_of_session(context.principal_arn, context.principal_account)
    return role["Arn"] if role else context.principal_arn


def role_of_session(session_arn: str, account: str) -> dict[str, Any] | None:
    """The stored role behind `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`."""
    role: dict[str, Any] | None = iam._roles.get_scoped(
        account, None, iam_evaluator._role_name_from_assumed_arn(session_arn)
    )
    return role


def execution_credentials(original: Callable[..., dict[str, str]], config: dict[str, Any]) -> dict[str, str]:
    """A function's session: its `aws:userid` begins with the role's unique id."""
    issued = original(config)
    session = sts._sessions[issued["AWS_ACCESS_KEY_ID"]]
    name = session["Arn"].rsplit("/", 1)[-1]
    session["UserId"] = f"{sts._role_id(config['Role'])}:{name}"
    return issued


def install() -> None:
    """Add the keys to those of ministack."""
    around(iam_evaluator, "_principal_keys", principal_keys)
    sts._principal_keys = iam_evaluator._principal_keys
    around(iam_evaluator, "_resolve_condition_key", condition_key)
    around(lambda_runtime, "execution_credentials", execution_credentials)
