"""The right to decide and to look: Cedar's `Approve` and `ReadAudit`, and plain ownership."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.approvals import require_second_person
from chalicelib.core.domain.errors import NotFound, ReasonRequired
from chalicelib.core.domain.visible_text import visible_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.access.services.rights import Rights
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.times import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """The rules decide by whom; that the requester never counts is no rule's to change."""

    rules: AccessRules
    catalogue: Catalogue
    rights: Rights
    clock: Clock

    def demand(
        self, action: str, role_name: str, asked_ids: Iterable[str], comment: str, origin: Origin
    ) -> tuple[str, ...]:
        """The rules that let the caller decide on what others asked for; NotFound or Refused says why not.

        Where a rule asks for a reason, the comment is it.
        """
        role = self.catalogue.get(role_name)
        if role is None:
            raise NotFound(f"There is no role {role_name} any more.")
        require_second_person(origin.caller, asked_ids)
        ask = Ask.of(action, origin, role, self.clock(), reason_given=bool(visible_text(comment)))
        try:
            return (admit(self.rules, ask).door.policy,)
        except ReasonRequired as shut:
            asks = f"Rule {shut.policies[0]} asks for a reason. Say it in `comment` (broker … --comment TEXT)."
            raise ReasonRequired(asks, shut.policies) from None

    def sight(self, origin: Origin) -> Callable[[Request], bool]:
        """Which requests the caller may see: their own, those they could decide, and with ReadAudit all of the role."""
        if self.rights.may_read("", origin):
            return lambda _request: True
        decided: dict[str, bool] = {}

        def sees(request: Request) -> bool:
            if owns(origin, request):
                return True
            if request.role not in decided:
                decided[request.role] = self._may_look(request.role, origin)
            return decided[request.role]

        return sees

    def concerned(self, role_name: str, origin: Origin) -> bool:
        """True if the caller may see requests of others for this role: all of them, or those they file themselves."""
        if self.rights.may_read("", origin) or self._may_look(role_name, origin):
            return True
        role = self.catalogue.get(role_name)
        return bool(role and self._opens(Ask.of("AskForOthers", origin, role, self.clock())))

    def _may_look(self, role_name: str, origin: Origin) -> bool:
        role = self.catalogue.get(role_name)
        if role and self._opens(Ask.of("Approve", origin, role, self.clock())):
            return True
        return self.rights.may_read(role_name, origin)

    def _opens(self, ask: Ask) -> bool:
        return any(not door.terms.approvals for door in self.rules.evaluate(ask).doors)


def owns(origin: Origin, request: Request) -> bool:
    """True if the caller gets the access or asked for it: by IAM's unique id, so no recreated namesake inherits it."""
    return origin.caller.unique_id in {request.caller_id, request.asked_by_id} - {""}
