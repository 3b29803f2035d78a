"""Keeps a role's revocation policy within its room. An entry is widened where there is none, never dropped.

From narrow to wide: drop entries that a wider one covers; fold the entries of
one caller into one cut-off; fold all session names of one role into one
pattern; cut all listed callers off at one time; cut the whole role off. The
last step always fits, so a revocation is never refused for lack of room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from chalicelib.access.domain.facts import PERSONS
from chalicelib.core.domain.callers import DIGEST_LENGTH, STS_NAME_LENGTH
from chalicelib.core.domain.roles import MAX_CHAINED_SECONDS
from chalicelib.core.domain.times import rfc3339
from chalicelib.sessions.domain.revocation import Cutoff, RoleRevocations, dated_before
from chalicelib.sessions.domain.revocation_policy import characters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_INLINE_CHARACTERS = 10_240
"""All inline policies of a role together, white space not counted (IAM quotas, "Role inline policy size limit")."""

ROOM = 3_840
"""Characters of the revocation policy. With the longest inline policy of a template (provisioning/domain/templates.py)
and a quarantine they fit into the 10,240: neither an apply nor a revocation can take the other's room."""

OWN_SHARE = 0.5
"""Of the room, for entries of callers who end their own sessions. The rest is kept for those who may end others'."""

SESSION_NAMES_OF_PEOPLE = re.compile(rf"role=([0-9]{{12}}=)?{PERSONS},")
"""Persons of Identity Center are callers named `sso/PERSON`, in a member account `ACCOUNT ID:sso/PERSON`. Other roles'
callers choose their session name."""

LONGEST_SESSION = timedelta(seconds=MAX_CHAINED_SECONDS)
LONGEST_OF_ROLE = timedelta(seconds=43_200)
"""IAM CreateRole, MaxSessionDuration: a session that was taken past the broker may last that long."""


@dataclass(frozen=True, slots=True)
class Widening:
    """More than was asked for is denied: sessions of this source identity (a pattern) issued before `before`.

    An empty `source_identity` means every session of the role.
    """

    source_identity: str
    before: datetime

    def document(self) -> dict[str, str]:
        """As the event, the order's answer and the contract spell it."""
        return {"source_identity": self.source_identity, "before": rfc3339(self.before)}

    def names(self, source_identity: str) -> bool:
        """True if sessions of this source identity are meant."""
        return fnmatchcase(source_identity, self.source_identity or "*")

    def covers(self, source_identity: str, session_id: str) -> bool:
        """True if it ends this session for certain, whenever AWS dated it."""
        return self.names(source_identity) and dated_before(session_id) <= self.before


def fitted(exact: RoleRevocations, room: int, own: str = "") -> RoleRevocations:
    """The list, widened as far as its policy needs to have `room` characters at most.

    `own` is the source identity of a caller who ends their own sessions: these
    are folded as soon as the policy needs more than OWN_SHARE of the room.
    """
    listed = _uncovered(exact)
    for name in (own, principal(own)) if own else ():
        if characters(listed) > room * OWN_SHARE:
            listed = min(listed, _folded(listed, name), key=characters)
    listed = _folded_largest_first(listed, room, str)
    listed = _folded_largest_first(listed, room, principal)
    for names in (str, principal):
        if characters(listed) > room:
            listed = min(listed, _levelled(listed, names), key=characters)
    return listed if characters(listed) <= room else _cut_off(listed)


def widenings(exact: RoleRevocations, listed: RoleRevocations) -> tuple[Widening, ...]:
    """The sessions that `listed` denies beyond `exact`."""
    everyone = listed.everyone
    if everyone and (exact.everyone is None or exact.everyone.before < everyone.before):
        return (Widening("", everyone.before),)
    known = exact.callers
    return tuple(
        Widening(name, cutoff.before)
        for name, cutoff in sorted(listed.callers.items())
        if name not in known or known[name].before < cutoff.before
    )


def principal(source_identity: str) -> str:
    """The source identity itself, or the pattern of all session names of one role where callers choose these.

    `role=ROLE,SESSION` (core/domain/callers.py) becomes `role=ROLE,*`. One that
    was cut within a long role name has no comma: its first characters are kept.
    """
    chosen = source_identity.startswith("role=") and not SESSION_NAMES_OF_PEOPLE.match(source_identity)
    if not chosen:
        return source_identity
    head, comma, _ = source_identity.partition(",")
    return f"{head},*" if comma else f"{source_identity[: STS_NAME_LENGTH - DIGEST_LENGTH - 1]}*"


def _folded_largest_first(listed: RoleRevocations, room: int, named: Callable[[str], str]) -> RoleRevocations:
    """The list with one caller after another folded, while it is too long and that makes it shorter."""
    while characters(listed) > room:
        shorter = min((_folded(listed, name) for name in _names(listed, named)), key=characters, default=listed)
        if characters(shorter) >= characters(listed):
            break
        listed = shorter
    return listed


def _levelled(listed: RoleRevocations, named: Callable[[str], str]) -> RoleRevocations:
    """The list with every caller folded, and all of them cut off at the latest of their times."""
    for name in _names(listed, named):
        listed = _folded(listed, name)
    if not listed.callers:
        return listed
    cutoff = _one_for_all({}, listed.callers, LONGEST_SESSION)
    return replace(listed, callers=dict.fromkeys(listed.callers, cutoff))


def _cut_off(listed: RoleRevocations) -> RoleRevocations:
    """The list with nothing but one cut-off of the whole role."""
    if not listed.sessions and not listed.callers:
        return listed
    cutoff = _one_for_all(listed.sessions, listed.callers, LONGEST_OF_ROLE).with_(listed.everyone)
    return replace(listed, sessions={}, owners={}, callers={}, everyone=cutoff)


def _names(listed: RoleRevocations, named: Callable[[str], str]) -> list[str]:
    return sorted({named(name) for name in (*listed.owners.values(), *listed.callers)})


def _folded(listed: RoleRevocations, name: str) -> RoleRevocations:
    """The list with one cut-off for all entries of the callers that match `name`, a source identity or a pattern."""
    sessions = {one: listed.sessions[one] for one, owner in listed.owners.items() if fnmatchcase(owner, name)}
    callers = {one: cutoff for one, cutoff in listed.callers.items() if fnmatchcase(one, name)}
    if not sessions and not callers:
        return listed
    left = {one: cutoff for one, cutoff in listed.callers.items() if one not in callers}
    cutoff = _one_for_all(sessions, callers, LONGEST_SESSION)
    return replace(listed.without(sessions), callers={**left, name: cutoff})


def _uncovered(listed: RoleRevocations) -> RoleRevocations:
    """The list without single sessions that a cut-off of their caller covers; the cut-off lasts as long as they."""
    for name, cutoff in listed.callers.items():
        covered = {one: listed.sessions[one] for one in _covered(listed, name, cutoff)}
        until = max([cutoff.until, *covered.values()])
        listed = replace(listed.without(covered), callers={**listed.callers, name: Cutoff(cutoff.before, until)})
    return listed


def _covered(listed: RoleRevocations, name: str, cutoff: Cutoff) -> Iterator[str]:
    for session_id, owner in listed.owners.items():
        if fnmatchcase(owner, name) and dated_before(session_id) <= cutoff.before:
            yield session_id


def _one_for_all(sessions: Mapping[str, datetime], callers: Mapping[str, Cutoff], longest: timedelta) -> Cutoff:
    """The cut-off that ends all of these, for as long as any session it ends can last."""
    before = max([*map(dated_before, sessions), *(one.before for one in callers.values())])
    return Cutoff(before, max([before + longest, *sessions.values(), *(one.until for one in callers.values())]))
