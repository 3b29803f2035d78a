"""Recognizing callers of member accounts: the registry says which accounts, IAM there says which role it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.access.domain.facts import FactsChanged, iam_id, refuse_suspended
from chalicelib.access.domain.member_callers import described_member, named, served
from chalicelib.access.services.recognition import READ_AGAIN, Recognized
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from chalicelib.access.domain.facts import Sight
    from chalicelib.core.domain.times import Clock

    class MemberSights(Protocol):
        """The table, read about one caller of a member account."""

        def look(self, caller: Caller, role: str, *, account: str = "") -> Sight:
            """Suspensions, the caller's account and the role asked for, in one consistent read."""
            ...

    class RolePaths(Protocol):
        """IAM of the member accounts."""

        def path(self, account: str, role: str, unique_id: str) -> str:
            """The path of the role; Refused where IAM there has none of that name and id."""
            ...

        def unique_id(self, account: str, role: str) -> str:
            """The unique id of the role that has this name now; Refused where there is none."""
            ...


NOT_LET_IN = "Callers of other accounts, such as {}, are not let in by this broker."


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecognition:
    """Says who a caller of a member account is. `organization` is the one whose members may call, "" for none."""

    organization: str
    partition: str
    sights: MemberSights
    paths: RolePaths
    clock: Clock

    def admitted(self, caller: Caller, organization: object) -> Caller:
        """The caller under the name it has here; Refused unless `organization`, its own, is the one let in.

        API Gateway's resource policy says the same before; this is for a policy that was changed by hand.
        """
        if not self.organization:
            raise Refused(NOT_LET_IN.format(caller.account))
        if organization != self.organization:
            raise Refused(f"Account {caller.account} does not belong to the organisation whose accounts may call.")
        return named(caller)

    def recognize(self, caller: Caller, role: str = "") -> Recognized:
        """The caller, read now.

        Raises Suspended, Refused (an account that is not joined, a role that is not there), and the errors of the
        provision function where the account cannot be looked into.
        """
        sight = self.sights.look(caller, role, account=caller.account)
        refuse_suspended(sight)
        account = served(sight.account, caller.account)
        own = caller.name.partition("/")[0].partition(":")[2]
        path = self.paths.path(account.id, own, iam_id(caller))
        return Recognized(described_member(caller, account, path), sight.role, sight.read_at, sight.read_at)

    def by_name(self, name: str) -> Caller:
        """The caller `ACCOUNT ID:ROLE/SESSION` as `recognize` would say, suspended or not; for explanations."""
        account, _, session = name.partition(":")
        role, _, session_name = session.partition("/")
        if not self.organization:
            raise Refused(NOT_LET_IN.format(account))
        arn = f"arn:{self.partition}:sts::{account}:assumed-role/{session}"
        known = served(self.sights.look(Caller("role", name, arn, account, name), "", account=account).account, account)
        unique_id = self.paths.unique_id(account, role)
        caller = Caller("role", name, arn, account, f"{unique_id}:{session_name}")
        found = described_member(caller, known, self.paths.path(account, role, unique_id))
        if found.brokered:
            raise Refused(f"Role {role} of account {account} is the broker's own: its sessions ask for nothing.")
        return found

    def guess(self, caller: Caller, role: str) -> tuple[Recognized, Callable[[], Recognized]]:
        """The caller, read at once, and what reads again if that is not fresh any more (`Recognition.guess`)."""
        found = self.recognize(caller, role)
        return found, lambda: self._confirm(found, caller, role)

    def _confirm(self, guessed: Recognized, caller: Caller, role: str) -> Recognized:
        if self.clock() - guessed.read_at <= READ_AGAIN:
            return guessed
        found = self.recognize(caller, role)
        if not guessed.same(found):
            raise FactsChanged("What the broker knows of this caller or role changed in this moment. Try again.")
        return found
