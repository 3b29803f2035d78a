"""The roles that a caller may see, and the terms of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from chalicelib.access.domain.admission import easiest, max_seconds
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.grants import longest
from chalicelib.core.domain.errors import NoSuchRole
from chalicelib.core.domain.pages import Page
from chalicelib.core.domain.roles import switch_role_url

if TYPE_CHECKING:
    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.access.services.rights import Rights
    from chalicelib.approvals.domain.grants import Grant
    from chalicelib.approvals.services.stores import Grants
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.times import Clock


@dataclass(frozen=True, slots=True)
class RoleView:
    """One role as its caller sees it (GET /v1/roles).

    `access` is what the rules say; while the role is quarantined, it is not issued. `rights` are the actions that the
    rules let the caller take on it without approval; null in lists.
    """

    name: str
    arn: str
    description: str
    access: Literal["standing", "approval", "none"]
    approvals: int
    reason_required: bool
    max_duration_seconds: int
    switch_role_url: str | None
    active_grant: str | None = None
    quarantined: bool = False
    rights: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleBrowser:
    """Reads only; nothing here leaves a record."""

    rules: AccessRules
    catalogue: Catalogue
    grants: Grants
    rights: Rights
    clock: Clock

    def role(self, name: str, origin: Origin) -> RoleView:
        """One role; NotFound alike for roles that do not exist and roles the caller may not see."""
        role = self.catalogue.get(name)
        view = self._view(role, origin, self._grants(origin)) if role else None
        if role is None or view is None:
            raise NoSuchRole
        return replace(view, rights=self.rights.over(role, origin))

    def roles(self, limit: int, after: str, origin: Origin) -> Page[RoleView]:
        """The first `limit` roles after the name `after` that the caller may see.

        The cursor is the last name shown, and there is one only where another
        is to come, so neither tells of a role that is not shown. It costs
        reading on over those: at the most the whole catalogue, which has no
        more roles than IAM's quota lets an account have (docs/scale.md).
        """
        grants = self._grants(origin)
        views = (self._view(role, origin, grants) for role in self.catalogue.after(after))
        seen = tuple(islice((view for view in views if view), limit + 1))
        return Page(seen[:limit], seen[limit - 1].name if len(seen) > limit else None)

    def _grants(self, origin: Origin) -> list[Grant]:
        """The caller's grants; read from an index, so the newest may be missing for a moment."""
        recent = self.grants.recent(origin.caller.name, self.clock())
        return [grant for grant in recent if grant.caller_id == origin.caller.unique_id]

    def _view(self, role: Role, origin: Origin, grants: list[Grant]) -> RoleView | None:
        ask = Ask.of("TakeCredentials", origin, role, self.clock(), reason_given=True)
        doors = self.rules.evaluate(ask).doors
        if not doors and not self.rules.evaluate(ask.on("SeeRole")).doors:
            return None
        door = easiest(doors)
        approvals = door.terms.approvals if door else 0
        grant = longest((one for one in grants if one.role == role.name), approvals, ask.at) if approvals else None
        return RoleView(
            name=role.name,
            arn=role.arn,
            description=role.description,
            access="none" if door is None else "approval" if approvals else "standing",
            approvals=approvals,
            reason_required=door.terms.reason_required if door else False,
            max_duration_seconds=max_seconds(door, ask) if door else 0,
            switch_role_url=switch_role_url(role),
            active_grant=grant.id if grant else None,
            quarantined=role.quarantined,
        )
