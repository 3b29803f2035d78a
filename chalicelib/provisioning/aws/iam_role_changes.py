"""Which IAM call makes which change of a role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.provisioning.domain.role_state import RoleChange

    Call = tuple[str, Callable[[RoleChange], dict[str, Any]]]


def policy_json(document: Mapping[str, Any]) -> str:
    """A policy document as IAM takes it."""
    return json.dumps(document, separators=(",", ":"))


SETTING: dict[str, Call] = {
    "trust": ("update_assume_role_policy", lambda change: {"PolicyDocument": policy_json(change.after)}),
    "boundary_arn": ("put_role_permissions_boundary", lambda change: {"PermissionsBoundary": change.after}),
    "description": ("update_role", lambda change: {"Description": change.after}),
    "max_session_seconds": ("update_role", lambda change: {"MaxSessionDuration": change.after}),
    "managed_policy": ("attach_role_policy", lambda change: {"PolicyArn": change.item}),
    "inline_policy": (
        "put_role_policy",
        lambda change: {"PolicyName": change.item, "PolicyDocument": policy_json(change.after)},
    ),
    "tag": ("tag_role", lambda change: {"Tags": [{"Key": change.item, "Value": change.after}]}),
}

REMOVING: dict[str, Call] = {
    "managed_policy": ("detach_role_policy", lambda change: {"PolicyArn": change.item}),
    "inline_policy": ("delete_role_policy", lambda change: {"PolicyName": change.item}),
    "tag": ("untag_role", lambda change: {"TagKeys": [change.item]}),
}


def call_for(change: RoleChange) -> tuple[str, dict[str, Any]]:
    """The client method that makes `change`, and its parameters but RoleName."""
    operation, parameters = (REMOVING if change.after is None else SETTING)[change.attribute]
    return operation, parameters(change)
