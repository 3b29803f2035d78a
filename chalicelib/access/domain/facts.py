"""Facts about a caller besides the signature: where they are from, how old they may be, when they count."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from chalicelib.core.domain.errors import Conflict, Refused
from chalicelib.core.domain.roles import ROLE_PATH, WORKLOAD_PATH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Account, Role

FRESH = timedelta(minutes=2)
"""A directory read so recently counts as IAM itself: two runs of the directory function, of which one may fail."""

IDENTITY_CENTER_PATH = "/aws-reserved/sso.amazonaws.com/"
"""Only IAM Identity Center can make roles under it ("Identity and access management for IAM Identity Center")."""

PERMISSION_SET = re.compile(r"AWSReservedSSO_([\w+=,.@-]{1,32})_[0-9a-f]{16}", re.ASCII)
PERSONS = "sso"
"""Persons of Identity Center are named `sso/PERSON`, their groups `sso/PERMISSION SET`."""


FROM_THE_BROKER = (ROLE_PATH, WORKLOAD_PATH)
"""Any person with a brokered session may have a session of a role here, so its trust policy and tags prove nothing."""


class Suspended(Refused):
    """A suspension of the broker's own stands against the caller."""


class FactsChanged(Conflict):
    """The table no longer says what a decision was based on: decide again."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One IAM user or role, as IAM told. `unique_id` is AIDA… or AROA…: a recreated namesake has another."""

    unique_id: str
    kind: Literal["user", "role"]
    name: str
    arn: str
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The IAM path, with both slashes."""
        return "/" + self.arn.split(":", 5)[5].partition("/")[2].removesuffix(self.name)


@dataclass(frozen=True, slots=True)
class Marker:
    """How far the directory function came.

    `seen_at` is when its latest complete reading of IAM began, `failed_at`
    when IAM last left it without an answer.
    """

    seen_at: datetime | None = None
    failed_at: datetime | None = None

    def failing(self, now: datetime) -> bool:
        """True if IAM did not answer the latest run, a moment ago."""
        if self.failed_at is None or (self.seen_at and self.seen_at > self.failed_at):
            return False
        return now - self.failed_at <= FRESH


@dataclass(frozen=True, slots=True)
class Suspension:
    """A subject that gets nothing, until it is lifted. `subject` is one of `subjects`."""

    id: str
    subject: str
    caller: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """One consistent read of the table about a caller, and about the role they ask for.

    `account` is that of a caller of a member account, as the registry has it.
    """

    read_at: datetime
    facts: Facts | None = None
    marker: Marker = Marker()
    suspensions: tuple[Suspension, ...] = ()
    role: Role | None = None
    account: Account | None = None

    def usable(self, within: timedelta) -> bool:
        """True if the facts are no older than that."""
        seen_at = self.marker.seen_at
        return self.facts is not None and seen_at is not None and self.read_at - seen_at <= within


def subjects(caller: Caller) -> tuple[str, ...]:
    """The ids under which a caller, as API Gateway shows it, may be suspended.

    A user by IAM's unique id. A session by that of its role, by its own, and
    where the role's name is one of Identity Center's also by the person. One of
    a member account by its role's name and its own, too (access.domain.member_callers).
    Names also count as `in_any_case` has them.
    """
    if caller.kind == "user":
        return (caller.unique_id,)
    role, _, session = caller.name.partition("/")
    person = (f"{PERSONS}/{session}",) if PERMISSION_SET.fullmatch(role) else ()
    names = (*person, *(_names_of_member(role, session) if caller.member else ()))
    return (iam_id(caller), caller.unique_id, *dict.fromkeys((*names, *map(in_any_case, names))))


def in_any_case(name: str) -> str:
    """The name in lower case, of a person of Identity Center or a caller of a member account, who have no id here.

    IAM and Identity Center take names that differ in case only for one; responders type them.
    """
    return name.lower() if ":" in name or name.startswith(f"{PERSONS}/") else name


def _names_of_member(role: str, session: str) -> tuple[str, ...]:
    """The names that a suspension of a member account's caller may give: the role, the session, the person."""
    account, _, own = role.partition(":")
    if own != PERSONS and not PERMISSION_SET.fullmatch(own):
        return role, f"{role}/{session}"
    return role, f"{role}/{session}", f"{PERSONS}/{session}", f"{account}:{PERSONS}/{session}"


def iam_id(caller: Caller) -> str:
    """IAM's unique id of the user, or of the role behind the session."""
    return caller.unique_id.partition(":")[0]


def described(caller: Caller, facts: Facts, pinned: Collection[str] = ()) -> Caller:
    """The caller with groups and tags, and with the person behind the session where that is known.

    Identity Center sets the session name of its roles, so it names the person.
    `pinned` are roles whose trust policy pins the session name: their sessions
    count as persons, too. Sessions of other roles choose their name
    themselves; they all count as the role.
    Raises Refused where IAM knows another unique id under the name.
    """
    if facts.unique_id != iam_id(caller):
        raise Refused("This caller was deleted and made again; its old credentials count for nothing here.")
    if caller.kind == "user":
        return replace(caller, groups=facts.groups, tags=facts.tags)
    role, _, session = caller.name.partition("/")
    if role == PERSONS:
        raise Refused(f"Sessions of a role named {PERSONS} cannot call: they would be named as persons are.")
    known = replace(caller, tags=facts.tags, brokered=facts.path.startswith(FROM_THE_BROKER))
    permission_set = PERMISSION_SET.fullmatch(role)
    if permission_set and facts.path.startswith(IDENTITY_CENTER_PATH):
        person = f"{PERSONS}/{session}"
        return replace(known, name=person, unique_id=person, groups=(f"{PERSONS}/{permission_set[1]}",))
    if role in pinned:
        return replace(known, unique_id=f"{facts.unique_id}/{session}")
    return known


def refuse_suspended(sight: Sight) -> None:
    """Suspended where any suspension stands; it says since when, and not why: the reason is for responders."""
    if sight.suspensions:
        first = min(sight.suspensions, key=lambda one: one.at)
        raise Suspended(f"This caller is suspended since {first.at:%Y-%m-%d %H:%M} UTC. Ask those who run the broker.")
