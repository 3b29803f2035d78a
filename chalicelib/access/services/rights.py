"""Rights over what is not one's own: reading the audit, taking sessions back, explaining others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.access.domain.admission import admit, opens
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.errors import NoSuchRole, Refused
from chalicelib.core.domain.roles import WHOLE_BROKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.sessions import Session
    from chalicelib.core.domain.times import Clock


OVER_EVERYTHING = ("Revoke", "ReadAudit", "ExplainOthers", "Provision")
OVER_A_ROLE = ("BreakGlass", "Approve", "ReviewBreakGlass", "AskForOthers", *OVER_EVERYTHING)
"""Actions of policies/access/schema.cedarschema that clients offer only to those who may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Cedar's `ReadAudit`, `Revoke` and `ExplainOthers`, asked in one place.

    A caller's own sessions are theirs to see and to end, by this plain rule
    and whatever the policies say: giving up a right harms no other person.
    """

    rules: AccessRules
    catalogue: Catalogue
    clock: Clock

    def may_read(self, role: str, origin: Origin) -> bool:
        """True if the caller may read the audit of this role; "" asks about the whole broker."""
        ask = self._ask("ReadAudit", role, origin, reason_given=True)
        return any(opens(door, ask) for door in self.rules.evaluate(ask).doors)

    def over(self, role: Role | None, origin: Origin) -> tuple[str, ...]:
        """The actions that the caller may take on the role, or on the whole broker, if they give a reason.

        For clients that show a button only to those who may use it: each action is decided again when it is taken.
        """
        about = role or WHOLE_BROKER
        ask = Ask("ReadAudit", origin.caller, about, self.clock(), origin.source_ip, reason_given=True)
        return tuple(
            action
            for action in (OVER_A_ROLE if role else OVER_EVERYTHING)
            if any(not door.terms.approvals for door in self.rules.evaluate(ask.on(action)).doors)
        )

    def demand(self, action: str, role: str, origin: Origin, reason: str = "") -> tuple[str, ...]:
        """The rules that let the caller do this to the role (or "", the broker); NotFound or Refused if none does.

        A role that is not there is answered as one that the caller may not see.
        """
        ask = self._ask(action, role, origin, reason_given=bool(reason))
        try:
            admission = admit(self.rules, ask)
        except Refused:
            if role and ask.role is WHOLE_BROKER:
                raise NoSuchRole from None
            raise
        return (admission.door.policy,)

    def sight(self, origin: Origin) -> Callable[[Session], bool]:
        """Which sessions the caller may see; each role is decided once."""
        if self.may_read("", origin):
            return lambda _session: True
        decided: dict[str, bool] = {}

        def sees(session: Session) -> bool:
            if owns(origin, session):
                return True
            if session.role not in decided:
                decided[session.role] = self.may_read(session.role, origin)
            return decided[session.role]

        return sees

    def _ask(self, action: str, role: str, origin: Origin, *, reason_given: bool = False) -> Ask:
        """About the role; one that is gone from the catalogue is a matter of the whole broker."""
        about = (self.catalogue.get(role) if role else None) or WHOLE_BROKER
        return Ask.of(action, origin, about, self.clock(), reason_given=reason_given)


def owns(origin: Origin, session: Session) -> bool:
    """True if the session is the caller's: by IAM's unique id, so no recreated namesake inherits it."""
    return session.caller_id == origin.caller.unique_id
