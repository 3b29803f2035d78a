"""A role's state as IAM holds it, and the difference between two states."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.policy_documents import grants, same
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG, ROLE_PATH, Role
from chalicelib.provisioning.domain.templates import managed_policy_arn
from chalicelib.sessions.domain.revocation_policy import POLICY_NAME, is_revocation_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from chalicelib.provisioning.domain.templates import RoleTemplate

    Document = Mapping[str, Any]

INLINE_POLICY = "access-broker-template"
"""The inline policy that comes from the template."""

QUARANTINE_POLICY = "access-broker-quarantine"
"""Denies everything on a role that clean-up is about to delete, so that its users can still object."""

DENY_ALL: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Quarantined", "Effect": "Deny", "Action": "*", "Resource": "*"}],
}


@dataclass(frozen=True, slots=True)
class RoleState:
    """Everything that decides what a role gives and to whom. Managed policies are ARNs."""

    description: str
    max_session_seconds: int
    trust: Document
    boundary_arn: str
    managed_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, Document] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProvisionedRole:
    """A role as IAM answers it. A role made again under the same name has another `unique_id`."""

    name: str
    arn: str
    path: str
    unique_id: str
    state: RoleState
    instance_profiles: tuple[str, ...] = ()
    created_at: datetime | None = field(default=None, compare=False)
    last_used_at: datetime | None = field(default=None, compare=False)

    def is_of(self, deployment: str) -> bool:
        """True if this deployment made it: path alone is not enough, tags alone are not either."""
        tags = self.state.tags
        return tags.get(MANAGED_TAG) == "true" and tags.get(DEPLOYMENT_TAG) == deployment


@dataclass(frozen=True, slots=True)
class RoleChange:
    """One attribute of a role (`item` names which policy or tag); None means absent."""

    attribute: str
    item: str
    before: Any
    after: Any


def desired_state(
    template: RoleTemplate, trust: Document, boundary_arn: str, deployment: str, partition: str
) -> RoleState:
    """The state that a template asks for, revocations and quarantine aside."""
    return RoleState(
        description=template.description,
        max_session_seconds=template.max_session_seconds,
        trust=trust,
        boundary_arn=boundary_arn,
        managed_policies=tuple(sorted(managed_policy_arn(name, partition) for name in template.managed_policies)),
        inline_policies={INLINE_POLICY: template.inline_policy} if template.inline_policy else {},
        tags={**template.tags, MANAGED_TAG: "true", DEPLOYMENT_TAG: deployment},
    )


def guarded(state: RoleState, guard_arns: tuple[str, ...]) -> RoleState:
    """The state with the guard policies, which deny what wildcards of the other policies open."""
    return replace(state, managed_policies=tuple(sorted({*state.managed_policies, *guard_arns})))


def is_guard(policy_arn: str) -> bool:
    """True for a managed policy of the broker's own: under its path there are only boundary and guards."""
    return f":policy{ROLE_PATH}" in policy_arn


def is_of_broker(name: str, document: Document | None) -> bool:
    """True for the quarantine and the revocations, which no template has, and only as the broker itself writes them."""
    if document is None:
        return False
    if name == QUARANTINE_POLICY:
        return same(document, DENY_ALL)
    return name == POLICY_NAME and is_revocation_policy(document)


def removal_order(inline_policies: Mapping[str, Document]) -> list[str]:
    """Names of a role's inline policies: what only denies (quarantine, revocations) goes after what grants."""
    return sorted(inline_policies, key=lambda name: (not grants(inline_policies[name]), name))


CREATED = RoleChange("role", "", None, "created")


def changes(actual: RoleState | None, wanted: RoleState) -> tuple[RoleChange, ...]:
    """The changes that make `actual` equal to `wanted`, in the order they must happen.

    The boundary comes first. Permissions go before trust changes and come
    after it; what an inline policy denies is there before a managed policy
    comes, and goes last. So no step from one template's state to another's
    gives more than one of the two, with two exceptions: an inline policy is
    replaced in one call, which may give more to those whom the old trust
    names, until the trust follows; and managed policies count as granting.
    """
    if actual is None:
        bare = RoleState(wanted.description, wanted.max_session_seconds, wanted.trust, wanted.boundary_arn)
        return (CREATED, *changes(_with_tags(bare, wanted.tags), wanted))
    found = [*_scalar_changes(actual, wanted), *_policy_changes(actual, wanted), *_tag_changes(actual, wanted)]
    return tuple(sorted(found, key=_order))


def _with_tags(state: RoleState, tags: Mapping[str, str]) -> RoleState:
    return RoleState(state.description, state.max_session_seconds, state.trust, state.boundary_arn, tags=tags)


def _scalar_changes(actual: RoleState, wanted: RoleState) -> Iterator[RoleChange]:
    for name in ("boundary_arn", "description", "max_session_seconds"):
        before, after = getattr(actual, name), getattr(wanted, name)
        if before != after:
            yield RoleChange(name, "", before, after)
    if not same(actual.trust, wanted.trust):
        yield RoleChange("trust", "", actual.trust, wanted.trust)


def _policy_changes(actual: RoleState, wanted: RoleState) -> Iterator[RoleChange]:
    for arn in sorted(set(actual.managed_policies) - set(wanted.managed_policies)):
        yield RoleChange("managed_policy", arn, "attached", None)
    for arn in sorted(set(wanted.managed_policies) - set(actual.managed_policies)):
        yield RoleChange("managed_policy", arn, None, "attached")
    for name in sorted({*actual.inline_policies, *wanted.inline_policies}):
        before, after = actual.inline_policies.get(name), wanted.inline_policies.get(name)
        # A wanted state may be older than what was revoked since: what is on the role counts.
        if not is_of_broker(name, before) and not same(before, after):
            yield RoleChange("inline_policy", name, before, after)


def _tag_changes(actual: RoleState, wanted: RoleState) -> Iterator[RoleChange]:
    for key in sorted({*actual.tags, *wanted.tags}):
        before, after = actual.tags.get(key), wanted.tags.get(key)
        if before != after:
            yield RoleChange("tag", key, before, after)


def _order(change: RoleChange) -> int:
    before, after = change.before, change.after
    if change.attribute == "managed_policy":
        if is_guard(change.item):
            return 7 if after is None else 1
        return 1 if after is None else 6
    if change.attribute == "inline_policy":
        if after is None:
            return 2 if grants(before) else 7
        return 3 if before is not None or not grants(after) else 5
    # Tags last: one says that a delete is under way, and holds until everything is back (provisioning_export.py).
    return {"boundary_arn": 0, "tag": 8}.get(change.attribute, 4)


def catalogue_role(arn: str, template: RoleTemplate, state: RoleState) -> Role:
    """The role as the catalogue lists it."""
    return Role(
        name=template.name,
        arn=arn,
        description=state.description,
        tags=dict(state.tags),
        max_session_seconds=state.max_session_seconds,
        direct_users=template.trust.direct_users,
        demands_external_id=bool(template.trust.external_id),
        tier=template.tier,
    )


def quarantine_change(found: ProvisionedRole, document: Mapping[str, Any] | None) -> RoleChange:
    """The change that puts the role into quarantine, or with `document` None takes it out."""
    return RoleChange("inline_policy", QUARANTINE_POLICY, found.state.inline_policies.get(QUARANTINE_POLICY), document)
