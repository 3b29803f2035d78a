"""Member accounts: the broker is let in, and the account has what the hub has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, NotHere, check, none_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "Member accounts"
AGAIN = "deploy the member template there again: make deploy-spokes, or by hand (docs/accounts.md)"


@dataclass(frozen=True, slots=True)
class Member:
    """One account as the provision function found it.

    `refused` is AWS's code, `wrong` the boundaries and guards at fault.
    """

    name: str
    refused: str = ""
    template: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Members:
    """All of them, and the version of the member template that the hub is made for."""

    template: str
    accounts: tuple[Member, ...]

    @property
    def entered(self) -> tuple[Member, ...]:
        """The accounts that let the broker in; NotHere if there are none at all."""
        if not self.accounts:
            raise NotHere("there are no member accounts")
        return tuple(one for one in self.accounts if not one.refused)


@check(
    "accounts-let-the-broker-in",
    topic=TOPIC,
    fact="members",
    asks="every member account's spoke role lets the provision function in, with the external id of this deployment",
    why="nothing can be revoked in an account that is out of reach, so nothing is issued there",
    do=AGAIN,
)
def accounts_let_the_broker_in(members: Members) -> Finding:
    """A new session of each spoke role. AWS does not say if the role, its trust or the external id is at fault."""
    fine = f"{len(members.entered)} accounts"
    return none_of([f"{one.name} ({one.refused})" for one in members.accounts if one.refused], "out of reach", fine)


@check(
    "accounts-have-boundaries",
    topic=TOPIC,
    fact="members",
    asks="every member account has the boundaries and guards of the tiers, the same as the hub's",
    why="a boundary that was changed there opens the broker, identities or standing keys to brokered roles",
    do=AGAIN,
)
def accounts_have_boundaries(members: Members) -> Finding:
    """Each policy's default version against the hub's."""
    wrong = [f"{one.name} {policy} ({fault})" for one in members.entered for policy, fault in one.wrong.items()]
    return none_of(wrong, "not as in the hub", f"{len(members.entered)} accounts")


@check(
    "accounts-have-the-template",
    topic=TOPIC,
    fact="members",
    asks="every member account has the member template of this version",
    why="an older spoke role may lack a permission that the broker needs, or have one that it needs no longer",
    do=AGAIN,
)
def accounts_have_the_template(members: Members) -> Finding:
    """The version in a tag of each spoke role."""
    wrong = [f"{one.name} ({one.template or 'none'})" for one in members.entered if one.template != members.template]
    return none_of(wrong, f"not version {members.template}", f"version {members.template}")
