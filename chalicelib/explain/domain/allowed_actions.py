"""Which of AWS's actions a role's policies and its boundary allow together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from chalicelib.core.domain.iam_patterns import matches, read_statements
from chalicelib.explain.domain.deciding_statement import decided
from chalicelib.explain.domain.layers import own_policies
from chalicelib.sessions.domain.revocation_policy import POLICY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.core.domain.iam_patterns import Statement
    from chalicelib.explain.domain.layers import RoleInAws

REVOCATIONS = f"inline policy {POLICY_NAME}"
"""As IamFacts names it."""

Allowed = Literal["everywhere", "conditional", "no"]
"""`conditional`: the role's own policies allow it for some resources or under conditions."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The statements of the role's own policies, and those of its boundary."""

    own: tuple[Statement, ...]
    boundary: tuple[Statement, ...]

    def about(self, service: str) -> Documents:
        """Only what speaks of this service: judging all of its actions is then quick."""
        return Documents(_about(self.own, service), _about(self.boundary, service))

    def verdict(self, action: str) -> Allowed:
        """As layers `role_policies` and `permissions_boundary` of explain say it together."""
        own = decided(self.own, action)
        if own.effect != "Allow" or decided(self.boundary, action).effect != "Allow":
            return "no"
        return "conditional" if own.conditional else "everywhere"


def documents_of(role: RoleInAws) -> Documents:
    """The documents of the role, without the broker's own policy of revoked sessions: that one is about sessions.

    A role without its boundary has an empty one, so that nothing is allowed, as explain says.
    """
    lasting = {name: document for name, document in role.policies.items() if name != REVOCATIONS}
    own = own_policies(replace(role, policies=lasting))
    return Documents(tuple(read_statements("", own)), tuple(read_statements("", role.boundary or {})))


def allowed_of(documents: Documents, actions: Iterable[str]) -> dict[str, list[str]]:
    """By service, the names of those actions that are allowed at all, each in order."""
    by_service: dict[str, list[str]] = {}
    for action in sorted(actions):
        by_service.setdefault(action.partition(":")[0], []).append(action)
    allowed = {}
    for service, names in by_service.items():
        about = documents.about(service)
        if found := [name for name in names if about.own and about.verdict(name) != "no"]:
            allowed[service] = [name.partition(":")[2] for name in found]
    return allowed


def _about(statements: tuple[Statement, ...], service: str) -> tuple[Statement, ...]:
    narrowed = (
        replace(one, actions=tuple(pattern for pattern in one.actions if _speaks_of(pattern, service)))
        for one in statements
    )
    return tuple(one for one in narrowed if one.actions or one.not_actions is not None)


def _speaks_of(pattern: str, service: str) -> bool:
    return matches(pattern.partition(":")[0], service)
