"""Requests to store or delete that IAM refuses and ministack does not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
from typing import Any

from ministack.services import iam

from localaws.parity.iam import arns
from localaws.parity.iam.guards import Guard, Refusal, put
from localaws.parity.iam.trust_principals import unknown_principal

INLINE_CHARACTERS = {"Role": 10_240, "User": 2_048, "Group": 5_120}
TRUST_POLICY_CHARACTERS = 2_048
MANAGED_POLICIES = 10


def inline_policy(params: dict[str, Any]) -> Refusal | None:
    """All inline policies of one role, user or group together have a size limit; white space does not count."""
    kind = iam._p(params, "Action").removeprefix("Put").removesuffix("Policy")
    name = iam._p(params, f"{kind}Name")
    documents = {**_inline(kind, name), iam._p(params, "PolicyName"): iam._p(params, "PolicyDocument")}
    if sum(map(_size, documents.values())) <= INLINE_CHARACTERS[kind]:
        return None
    limit = INLINE_CHARACTERS[kind]
    return Refusal(409, "LimitExceeded", f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} {name}")


def trust_policy(params: dict[str, Any]) -> Refusal | None:
    """A trust policy has a size limit and may name only principals that exist."""
    document = iam._p(params, "AssumeRolePolicyDocument") or iam._p(params, "PolicyDocument")
    if _size(document) > TRUST_POLICY_CHARACTERS:
        return Refusal(409, "LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS}")
    unknown = unknown_principal(document)
    return Refusal(400, "MalformedPolicyDocument", f"Invalid principal in policy: {unknown}") if unknown else None


def managed_policy(params: dict[str, Any]) -> Refusal | None:
    """Only a policy that exists can be attached, and ten at most."""
    arn = iam._p(params, "PolicyArn")
    if not iam.policy_known(arn):
        return Refusal(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    attached = (arns.entity_of(params) or {}).get("AttachedPolicies", [])
    if len(attached) < MANAGED_POLICIES or arn in attached:
        return None
    kind = iam._p(params, "Action").removeprefix("Attach").removesuffix("Policy")
    return Refusal(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: {MANAGED_POLICIES}")


def deleted_user(params: dict[str, Any]) -> Refusal | None:
    """A user cannot be deleted while it has groups, inline policies, MFA devices or a console password."""
    name = iam._p(params, "UserName")
    remains = {
        "remove users from group": any(name in group["Users"] for group in iam._groups.values()),
        "delete policies": bool(iam._user_inline_policies.get(name)),
        "deactivate MFA devices": any(device["User"] == name for device in iam._mfa_devices.values()),
        "delete login profile": iam._login_profiles.get(name) is not None,
    }
    first = next((what for what, there in remains.items() if there), None)
    return Refusal(409, "DeleteConflict", f"Cannot delete entity, must {first} first.") if first else None


def _inline(kind: str, name: str) -> Any:
    if kind == "Role":
        return (iam._roles.get(name) or {}).get("InlinePolicies", {})
    store = iam._user_inline_policies if kind == "User" else iam._group_inline_policies
    return store.get(name) or {}


def _size(document: Any) -> int:
    text = document if isinstance(document, str) else json.dumps(document)
    return len("".join(text.split()))


GUARDS: dict[Guard, tuple[str, ...]] = {
    inline_policy: ("PutRolePolicy", "PutUserPolicy", "PutGroupPolicy"),
    trust_policy: ("CreateRole", "UpdateAssumeRolePolicy"),
    managed_policy: ("AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy"),
    deleted_user: ("DeleteUser",),
}


def install() -> None:
    """Put each guard before its operations."""
    put(GUARDS)
