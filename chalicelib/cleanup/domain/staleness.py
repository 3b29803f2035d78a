"""The conditions of a stale role, each with its reason.

A role is stale if every condition holds. The first one that does not hold is
the reason to keep the role, and takes it back to the first stage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.cleanup.domain.facts import NO_SIGNS
from chalicelib.cleanup.domain.terms import Terms, UnreadableTag
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, KEEP_TAG, MANAGED_TAG, ROLE_PATH, boundaries_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.cleanup.domain.facts import RoleFacts, Signs
    from chalicelib.cleanup.domain.marks import Mark


SERVICE_PATH, RESERVED_PATH = "/aws-service-role/", "/aws-reserved/"


@dataclass(frozen=True, slots=True)
class Ours:
    """The marks of this deployment's roles, and their thresholds."""

    deployment: str
    boundary_arn: str
    terms: Terms = field(default_factory=Terms)

    @property
    def account(self) -> str:
        """The broker's own account."""
        return self.boundary_arn.split(":")[4]

    def boundaries(self, role: RoleFacts) -> frozenset[str]:
        """The boundaries that the role may have: those of its account, which are named as the broker's."""
        there = self.boundary_arn.replace(f":{self.account}:", f":{role.account}:", 1)
        return boundaries_of(there if role.account else self.boundary_arn)


@dataclass(frozen=True, slots=True)
class Case:
    """One role to judge. `mark` is how far clean-up got with it."""

    role: RoleFacts
    ours: Ours
    now: datetime
    signs: Signs = NO_SIGNS
    mark: Mark | None = None

    @property
    def own_terms(self) -> Terms:
        """The terms with what the role's tags say; UnreadableTag."""
        return self.ours.terms.with_tags(self.role.tags)

    @property
    def life(self) -> tuple[datetime, str]:
        """The latest sign of life, and what it was."""
        signs = self.signs
        returned = self.mark.since if self.mark and self.mark.stage == "alive" else None
        seen = (
            (self.role.created_at, "never used, created"),
            (self.role.last_used_at, "last used"),
            (signs.last_session_at, "last issued"),
            (signs.last_request_at, "last asked for"),
            (signs.changed_at, "last changed"),
            (returned, "taken back by clean-up"),
        )
        return max(((at, what) for at, what in seen if at), key=lambda sign: sign[0])


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of a stale role; `code` and `why` are the reason where it does not."""

    code: str
    holds: Callable[[Case], bool]
    why: Callable[[Case], str]


def _readable(case: Case) -> bool:
    return _unreadable(case) == ""


def _unreadable(case: Case) -> str:
    try:
        _ = case.own_terms
    except UnreadableTag as tag:
        return str(tag)
    return ""


def _unused(case: Case) -> bool:
    return case.now - case.life[0] >= case.own_terms.stale_after


def _unused_since(case: Case) -> bool:
    return not (case.mark and case.mark.staged and case.life[0] > case.mark.started)


def _not_released(case: Case) -> bool:
    mark, role = case.mark, case.role
    cut_off = mark is not None and mark.acting == "deleted" and role.half_deleted
    return mark is None or mark.stage != "quarantined" or role.quarantined or cut_off


def _not_of_others(case: Case) -> bool:
    return not case.role.quarantined or (case.mark is not None and case.mark.quarantines)


def idle(case: Case) -> str:
    """How long the role has been unused, in words."""
    at, what = case.life
    limit = case.own_terms.stale_after.days
    return f"{what} {at:%Y-%m-%d}, {(case.now - at).days} days ago (limit {limit})"


NOT_OURS: tuple[Condition, ...] = (
    Condition(
        "service_linked",
        lambda case: not case.role.path.startswith(SERVICE_PATH),
        lambda _: "it belongs to an AWS service",
    ),
    Condition(
        "reserved",
        lambda case: not case.role.path.startswith(RESERVED_PATH),
        lambda _: "AWS reserves its path",
    ),
    Condition(
        "other_path",
        lambda case: case.role.path == ROLE_PATH,
        lambda case: f"its path is {case.role.path}",
    ),
    Condition(
        "not_ours",
        lambda case: case.role.tags.get(MANAGED_TAG) == "true",
        lambda _: f"it does not carry {MANAGED_TAG}",
    ),
    Condition(
        "other_deployment",
        lambda case: case.role.tags.get(DEPLOYMENT_TAG) == case.ours.deployment,
        lambda _: "another deployment made it",
    ),
)
"""Conditions for roles of this deployment; clean-up leaves all others alone."""

ALIVE: tuple[Condition, ...] = (
    Condition(
        "kept",
        lambda case: case.role.tag(KEEP_TAG) is None,
        lambda case: f"tagged {KEEP_TAG} {case.role.tag(KEEP_TAG)}".strip(),
    ),
    Condition("unreadable_tags", _readable, _unreadable),
    Condition(
        "young",
        lambda case: case.now - case.role.created_at >= case.ours.terms.grace,
        lambda case: f"created {case.role.created_at:%Y-%m-%d}, within the grace of {case.ours.terms.grace.days} days",
    ),
    Condition(
        "active_session",
        lambda case: not case.signs.active_session,
        lambda case: f"session {case.signs.active_session} is alive",
    ),
    Condition(
        "active_grant",
        lambda case: not case.signs.active_grant,
        lambda case: f"grant {case.signs.active_grant} gives it",
    ),
    Condition(
        "pending_request",
        lambda case: not case.signs.pending_request,
        lambda case: f"request {case.signs.pending_request} waits for approval",
    ),
    Condition("used", _unused, idle),
    Condition("used_since", _unused_since, lambda case: f"{idle(case)}, since it was reported"),
    Condition(
        "in_instance_profile",
        lambda case: not case.role.instance_profiles,
        lambda case: f"in the instance profile {', '.join(case.role.instance_profiles)}",
    ),
    Condition(
        "unbounded",
        lambda case: case.role.boundary_arn in case.ours.boundaries(case.role),
        lambda _: "its permissions boundary is missing or another one; apply its template first",
    ),
    Condition("released", _not_released, lambda _: "the quarantine was lifted by hand"),
    Condition("quarantined_by_others", _not_of_others, lambda _: "the quarantine is not clean-up's own"),
)
"""Reasons to keep a role of this deployment."""

CONDITIONS = NOT_OURS + ALIVE


def is_ours(case: Case) -> bool:
    """True if the role belongs to this deployment."""
    return reason_to_spare(case, NOT_OURS) is None


def reason_to_spare(case: Case, conditions: tuple[Condition, ...] = CONDITIONS) -> Condition | None:
    """The first condition that does not hold; None for a stale role."""
    return next((condition for condition in conditions if not condition.holds(case)), None)
