"""Approvals that a role takes: which rule states the terms, and who can never be among the approvers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.facts import PERSONS, in_any_case
from chalicelib.core.domain.errors import Conflict, InvalidRequest, MfaRequired, ReasonRequired, Refused
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chalicelib.access.domain.rules import AccessRules, Ask, Door
    from chalicelib.core.domain.callers import Caller

USUAL_GRANT = timedelta(seconds=MAX_CHAINED_SECONDS)
"""The longest grant of a rule that states no `@grant`: one session's worth."""


def longest_grant(door: Door) -> timedelta:
    """The longest grant that approvals under this rule give."""
    return door.terms.grant or USUAL_GRANT


def door_asked_for(rules: AccessRules, asking: Ask, start: datetime) -> Door:
    """The door whose terms hold for a request; NotFound, Refused or its kin, or as `door_to_ask_for`."""
    _check_may_ask(rules, asking)
    doors = _doors(rules, asking, start)
    duration = timedelta(seconds=asking.duration_seconds)
    return door_to_ask_for(doors, duration, reason_given=asking.reason_given)


def _check_may_ask(rules: AccessRules, asking: Ask) -> None:
    """Refused, or its kin; who needs not ask, since they have the role as it is, is told that instead."""
    try:
        admit(rules, asking, approved=True)
    except Refused as refusal:
        doors = rules.evaluate(asking.on("TakeCredentials")).doors
        if isinstance(refusal, (ReasonRequired, MfaRequired)) or all(door.terms.approvals for door in doors):
            raise
        role, have = asking.role.name, f"{asking.caller.name} has {asking.role.name} already"
        raise Refused(f"{have}, without approval: broker exec {role} -- COMMAND", refusal.policies) from None


def _doors(rules: AccessRules, asking: Ask, start: datetime) -> tuple[Door, ...]:
    """The doors to the role at the moment the access would begin; Refused where there is none.

    Credentials' doors, or the console's where those alone need approval.
    """
    credentials = replace(
        asking, action="TakeCredentials", at=start, duration_seconds=MAX_CHAINED_SECONDS, duration_given=False
    )
    by_action = (rules.evaluate(taking).doors for taking in (credentials, credentials.on("OpenConsole")))
    found = [doors for doors in by_action if doors]
    if found:
        return next((doors for doors in found if all(door.terms.approvals for door in doors)), found[0])
    admit(rules, asking.on("TakeCredentials"), approved=True)
    raise Refused(f"The rules let you ask for {asking.role.name} but give it to no one at that time.")


def door_to_ask_for(doors: tuple[Door, ...], duration: timedelta, *, reason_given: bool) -> Door:
    """The door that needs the fewest approvals, of the doors to the role that allow a grant of this length.

    Raises Conflict where a door stands open without any approval,
    ReasonRequired, or InvalidRequest with the longest grant there is.
    """
    standing = next((door for door in doors if not door.terms.approvals), None)
    if standing:
        raise Conflict(f"Rule {standing.policy} gives this role without approval. Take it: broker creds")
    by_ease = sorted(doors, key=lambda door: (door.terms.approvals, door.terms.reason_required, door.policy))
    long_enough = [door for door in by_ease if longest_grant(door) >= duration]
    if not long_enough:
        longest = int(max(map(longest_grant, doors)).total_seconds())
        raise InvalidRequest(
            f"No rule grants this role for so long: {longest} seconds at most.",
            {"duration_seconds": f"at most {longest} for this caller and role"},
        )
    for door in long_enough:
        if reason_given or not door.terms.reason_required:
            return door
    first = long_enough[0]
    raise ReasonRequired(f"Rule {first.policy} asks for a reason. Send one in `reason`.", (first.policy,))


def principal_id(unique_id: str) -> str:
    """IAM's id of the user or role itself: two sessions of one role are one principal.

    A person of Identity Center is one, whichever account they signed in to, and a role of a member account is
    one under its name, `ACCOUNT ID:ROLE`, however often it was made again (access.domain.member_callers), in any case.
    """
    first, slash, rest = unique_id.partition("/")
    if first == PERSONS:
        return in_any_case(first + slash + rest.partition("/")[0])
    return in_any_case(first) if slash and ":" in first else unique_id.partition(":")[0]


def require_second_person(who: Caller, asked_ids: Iterable[str]) -> None:
    """Refused where the one who would decide is among those who asked, in whatever shape.

    `asked_ids` are IAM's unique ids. Behind a session that the broker issued
    may be any person, also the requester.
    """
    if principal_id(who.unique_id) in {principal_id(asked) for asked in asked_ids if asked}:
        raise Refused("A requester never decides: this needs another person.")
    if who.brokered:
        raise Refused("A session that the broker issued decides nothing. Sign as yourself.")
