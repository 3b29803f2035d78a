"""How provisioning answers: the same documents from the function and over HTTP (docs/provisioning.md)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import switch_role_url
from chalicelib.core.domain.times import rfc3339
from chalicelib.provisioning.domain.fingerprints import fingerprint
from chalicelib.provisioning.domain.role_state import QUARANTINE_POLICY
from chalicelib.provisioning.domain.users import lasting_tags

if TYPE_CHECKING:
    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.roles import Role
    from chalicelib.provisioning.domain.role_state import ProvisionedRole, RoleChange
    from chalicelib.provisioning.services.apply import ApplyResult
    from chalicelib.provisioning.services.restore import Restored
    from chalicelib.provisioning.services.users import MadeUser, UserView


def role_document(role: Role) -> dict[str, Any]:
    """A role as the catalogue lists it."""
    return {
        "name": role.name,
        "arn": role.arn,
        "description": role.description,
        "max_session_seconds": role.max_session_seconds,
        "tags": dict(role.tags),
        "direct_users": list(role.direct_users),
        "switch_role_url": switch_role_url(role),
    }


def facts_document(role: ProvisionedRole) -> dict[str, Any]:
    """The facts by which clean-up judges a role of a member account (cleanup.domain.facts.RoleFacts)."""
    return {
        "name": role.name,
        "path": role.path,
        "unique_id": role.unique_id,
        "created_at": rfc3339(role.created_at) if role.created_at else None,
        "last_used_at": rfc3339(role.last_used_at) if role.last_used_at else None,
        "tags": dict(role.state.tags),
        "instance_profiles": list(role.instance_profiles),
        "boundary_arn": role.state.boundary_arn,
        "quarantined": QUARANTINE_POLICY in role.state.inline_policies,
        "fingerprint": dict(fingerprint(role.state)),
    }


def applied_document(applied: ApplyResult) -> dict[str, Any]:
    """A role and what changed (or, in a dry run, would change)."""
    return {
        **role_document(applied.role),
        "not_switchable_because": applied.not_switchable_because,
        "warnings": list(applied.warnings),
        "changes": _changes(applied.changes),
    }


def restored_document(restored: Restored) -> dict[str, Any]:
    """A role that is back, and what is not."""
    return {
        **role_document(restored.role),
        "changes": _changes(restored.changes),
        "cannot_come_back": list(restored.cannot_come_back),
    }


def _changes(changes: tuple[RoleChange, ...]) -> list[dict[str, Any]]:
    return [asdict(change) for change in changes]


def user_document(view: UserView) -> dict[str, Any]:
    """A user; `zero_access` is what IAM said after looking at every policy that reaches them."""
    user = view.user
    return {
        "name": user.name,
        "arn": user.arn,
        "tags": lasting_tags(user),
        "groups": list(user.groups),
        "console_access": user.console_access,
        "access_keys": list(user.access_keys),
        "zero_access": "sign_in_only" if view.sign_in_only else not view.grants,
        "grants": list(view.grants),
        "sign_in_url": view.sign_in_url,
    }


def made_document(made: MadeUser) -> dict[str, Any]:
    """A user just put, with the secrets that this call made: shown here and nowhere again."""
    document = {**user_document(made.view), "created": made.created, "warnings": list(made.warnings)}
    if made.password:
        document |= {"password": made.password, "password_reset_required": True}
    if made.access_key:
        key = made.access_key
        document["access_key"] = {
            "access_key_id": key.access_key_id,
            "secret_access_key": key.secret_access_key,
        }
    return document


def error_document(error: BrokerError) -> dict[str, Any]:
    """An error as the function answers it: enough to raise it again on the other side."""
    document: dict[str, Any] = {"code": error.code, "detail": error.detail}
    for member in ("fields", "aws_code", "policies", "devices", "retry_after"):
        if value := getattr(error, member, None):
            document[member] = value
    return document
