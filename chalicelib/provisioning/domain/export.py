"""The export that is kept of a deleted role: all that decides its permissions, and the parts that cannot come back."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import Role, split_role_name
from chalicelib.core.domain.times import rfc3339
from chalicelib.provisioning.domain.fingerprints import fingerprint
from chalicelib.provisioning.domain.role_state import QUARANTINE_POLICY, ProvisionedRole, RoleState
from chalicelib.provisioning.domain.trust import demands_external_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

FORMAT = 1

DELETING_TAG = "access-broker:deleting"
"""On a role from the moment its export is kept: a delete that was killed goes on from that export."""

QUARANTINED = "The role is quarantined: an inline policy denies everything until it is released."


def export_document(role: ProvisionedRole, direct_users: tuple[str, ...], at: datetime) -> dict[str, Any]:
    """The whole role as plain JSON."""
    state = asdict(role.state)
    state["tags"] = {key: value for key, value in role.state.tags.items() if key != DELETING_TAG}
    return {
        "format": FORMAT,
        "name": role.name,
        "arn": role.arn,
        "unique_id": role.unique_id,
        "exported_at": rfc3339(at),
        "state": state,
        "instance_profiles": list(role.instance_profiles),
        "direct_users": list(direct_users),
    }


def exported_state(export: Mapping[str, Any]) -> RoleState:
    """The state as it was, quarantine included."""
    state = export["state"]
    return RoleState(**{**state, "managed_policies": tuple(state["managed_policies"])})


def usable_state(export: Mapping[str, Any]) -> RoleState:
    """The state to bring back: a role that was deleted from quarantine comes back usable."""
    state = exported_state(export)
    inline = {name: document for name, document in state.inline_policies.items() if name != QUARANTINE_POLICY}
    return replace(state, inline_policies=inline)


def exported_role(export: Mapping[str, Any]) -> Role:
    """The role as the catalogue lists it."""
    role = role_as_found(export["name"], export["arn"], exported_state(export), tuple(export["direct_users"]))
    return identified(role, export["unique_id"])


def identified(role: Role, unique_id: str) -> Role:
    """The catalogue's role with its unique id, where the role is another account's to delete and make again."""
    return replace(role, unique_id=unique_id) if split_role_name(role.name)[0] else role


def role_as_found(name: str, arn: str, state: RoleState, direct_users: tuple[str, ...]) -> Role:
    """A catalogue row from what IAM holds; `direct_users` is what only the template said."""
    return Role(
        name=name,
        arn=arn,
        description=state.description,
        tags=dict(state.tags),
        max_session_seconds=state.max_session_seconds,
        direct_users=direct_users,
        demands_external_id=demands_external_id(state.trust),
        fingerprint=fingerprint(state),
        quarantined=QUARANTINE_POLICY in state.inline_policies,
    )


def cannot_come_back(export: Mapping[str, Any], restored: ProvisionedRole) -> tuple[str, ...]:
    """The parts that a restore cannot bring back, as sentences for the caller."""
    if export["unique_id"] == restored.unique_id:
        return ()
    old, new = export["unique_id"], restored.unique_id
    return (
        f"The unique id {old} is gone; the role is now {new}.",
        "Policies elsewhere that trusted the deleted role as a principal hold its old id: write them again.",
        "The date of creation and the record of last use begin anew; sessions from before the deletion stay dead.",
    )


def state_warnings(state: RoleState) -> tuple[str, ...]:
    """Warnings for readers of this state."""
    return (QUARANTINED,) if QUARANTINE_POLICY in state.inline_policies else ()
