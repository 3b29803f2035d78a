"""The resource an IAM request is about, with its path.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ministack.core import iam_actions
from ministack.services import iam

from localaws.parity.wrap import ArnQuestion, around

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(NamedTuple):
    """A kind of IAM resource: how requests name it, its word in an ARN, where ministack keeps it."""

    parameter: str
    word: str
    store: Any


INSTANCE_PROFILE = Kind("InstanceProfileName", "instance-profile", iam._instance_profiles)
GROUP = Kind("GroupName", "group", iam._groups)
ROLE = Kind("RoleName", "role", iam._roles)
USER = Kind("UserName", "user", iam._users)
OF_A_DEVICE = frozenset({"CreateVirtualMFADevice", "DeleteVirtualMFADevice"})
# A request that names two is about the first: AddUserToGroup changes the group, AddRoleToInstanceProfile the profile.
KINDS = (INSTANCE_PROFILE, GROUP, ROLE, USER)


def resource_arn(original: Callable[..., str], *request: Any) -> str:
    """The ARN ministack builds, or for IAM the stored one, or the one that a create would make."""
    question = ArnQuestion(*request)
    found = _iam_arn(question.params, question.account) if question.service == "iam" else None
    return found or original(*request)


def entity_of(params: dict[str, Any]) -> dict[str, Any] | None:
    """The stored user, role, group or instance profile a request is about."""
    kind = _kind_of(params)
    return kind.store.get(iam._p(params, kind.parameter)) if kind else None


def _kind_of(params: dict[str, Any]) -> Kind | None:
    return next((kind for kind in KINDS if iam._p(params, kind.parameter)), None)


def _iam_arn(params: dict[str, Any], account: str) -> str | None:
    action = iam._p(params, "Action")
    if action == "CreatePolicy":
        return _made(account, "policy", params, "PolicyName")
    if action == "GenerateServiceLastAccessedDetails":
        return str(iam._p(params, "Arn"))
    if action in OF_A_DEVICE:
        return iam._p(params, "SerialNumber") or _made(account, "mfa", params, "VirtualMFADeviceName")
    if action == "GetAccessKeyLastUsed":
        return _owner_of_key(iam._p(params, "AccessKeyId"))
    kind = _kind_of(params)
    if kind is None:
        return None
    stored = entity_of(params)
    return stored["Arn"] if stored else _made(account, kind.word, params, kind.parameter)


def _owner_of_key(key_id: str) -> str | None:
    key = iam._access_keys.get(key_id)
    return iam._users[key["UserName"]]["Arn"] if key and key["UserName"] in iam._users else None


def _made(account: str, word: str, params: dict[str, Any], parameter: str) -> str:
    """The ARN of what does not exist yet; only creates carry a Path."""
    return f"arn:aws:iam::{account}:{word}{iam._p(params, 'Path') or '/'}{iam._p(params, parameter)}"


def install() -> None:
    """Answer ministack's question for the resource of an IAM request."""
    around(iam_actions, "extract_resource_arn", resource_arn)
