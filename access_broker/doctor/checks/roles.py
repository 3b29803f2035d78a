"""Brokered roles: the boundary and the guard policies of each one's tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, check, none_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Permissions"

GUARDS: Mapping[str, tuple[str, ...]] = {
    "workload": ("permissions", "other-roles"),
    "operator": ("permissions", "operator"),
    "deployer": ("deployer",),
}
"""The guard policies of each boundary tier (docs/provisioning.md)."""


@dataclass(frozen=True, slots=True)
class BrokeredRole:
    """A role that this deployment manages. `boundary` and `attached` are names without the deployment's prefix."""

    boundary: str
    attached: tuple[str, ...]
    tier: str
    """The catalogue's; empty where the catalogue has no such role or may not be read."""


@check(
    "roles-have-boundaries",
    topic=TOPIC,
    fact="brokered_roles",
    asks="every brokered role has its tier's permissions boundary",
    why="without its boundary, a role may reach the broker, identities and standing keys",
    do="broker roles apply: it restores the boundary from the role's template",
)
def roles_have_boundaries(roles: Mapping[str, BrokeredRole]) -> Finding:
    """Each managed role's boundary against the catalogue's tier."""
    wrong = [f"{name} ({one.boundary or 'none'})" for name, one in roles.items() if not _fits(one)]
    return none_of(wrong, "without their tier's boundary", f"{len(roles)} roles")


def _fits(role: BrokeredRole) -> bool:
    tier = tier_of(role.boundary)
    return bool(tier) and (not role.tier or role.tier == tier)


def tier_of(boundary: str) -> str:
    """The tier whose boundary this is, by the name without the deployment's; empty: none of ours."""
    tiers = {"boundary": "workload"} | {f"boundary-{tier}": tier for tier in GUARDS if tier != "workload"}
    return tiers.get(boundary, "")


@check(
    "roles-have-guards",
    topic=TOPIC,
    fact="brokered_roles",
    asks="every brokered role has its tier's guard policies",
    why="guards deny what a template's wildcards would open",
    do="broker roles apply: it attaches them again",
)
def roles_have_guards(roles: Mapping[str, BrokeredRole]) -> Finding:
    """Each managed role's attached policies."""
    wrong = []
    for name, role in roles.items():
        tier = role.tier or tier_of(role.boundary) or "workload"
        missing = [guard for guard in GUARDS[tier] if f"guard-{guard}" not in role.attached]
        wrong += [f"{name} (guard-{guard})" for guard in missing]
    return none_of(wrong, "missing", f"{len(roles)} roles")
