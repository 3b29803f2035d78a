"""A month of decisions by many people under the shipped policies, as lines of the audit log. Seeded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from chalicelib.access.domain.admission import Evidence, admit
from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.approvals import door_asked_for
from chalicelib.approvals.domain.grants import Grant, enter
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import BrokerError, Conflict, InvalidRequest, NotFound, Refused
from chalicelib.core.domain.events import AuditEvent, Origin, to_json
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.access.domain.admission import Admission
    from chalicelib.access.domain.rules import AccessRules, Door

ACCOUNT = "123456789012"
START = datetime(2026, 10, 24, tzinfo=UTC)
MONTH = timedelta(days=30)

GROUPS = (
    ("engineers",), ("engineers", "on-call"), ("contractors",), ("auditors",), ("engineers", "approvers"),
    ("responders",), ("broker-administrators",), ("contractors", "engineers"), (),
)  # fmt: skip
WEIGHTS = (50, 12, 12, 6, 6, 3, 2, 2, 7)
TEAMS = ("", "web", "payments", "data")
AUDIENCES = ("engineers", "production", "contractors", "team", "auditors", "")
ACTIONS = ("TakeCredentials",) * 7 + ("OpenConsole", "RequestAccess", "BreakGlass")


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision with everything that went into it."""

    ask: Ask
    grants: tuple[Grant, ...]
    line: str


def people(count: int, chance: Random) -> list[Caller]:
    """Users with groups and a team's tag; a few are suspended by it."""
    found = []
    for number in range(count):
        name, team = f"person-{number:04}", chance.choice(TEAMS)
        tags = {"team": team} if team else {}
        if number % 100 == 99:  # noqa: PLR2004  a share
            tags["access-broker:suspended"] = "yes"
        groups = chance.choices(GROUPS, WEIGHTS)[0]
        found.append(
            Caller("user", name, f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT, f"AIDA{number:04}", groups, tags)
        )
    return found


def roles(count: int, chance: Random) -> list[Role]:
    """Roles with an audience, and some with a level, a team, or hidden."""
    found = []
    for number in range(count):
        tags = {"access-broker:audience": chance.choice(AUDIENCES), "team": chance.choice(TEAMS)}
        tags |= {"access-broker:level": "read"} if chance.random() < 0.3 else {}  # noqa: PLR2004  a share
        tags |= {"access-broker:visibility": "audience"} if chance.random() < 0.2 else {}  # noqa: PLR2004  a share
        name = f"role-{number:04}"
        arn = f"arn:aws:iam::{ACCOUNT}:role/access-broker/{name}"
        found.append(Role(name, arn, tags={key: value for key, value in tags.items() if value}))
    return found


def month(rules: AccessRules, decisions: int, persons: int = 1000, seed: int = 20) -> Iterator[Decided]:
    """Decisions in order of time. Bad input leaves no event, so it is not among them."""
    chance = Random(seed)  # noqa: S311  a simulation
    callers, known = people(persons, chance), roles(200, chance)
    at, step = START, MONTH / decisions
    made = 0
    while made < decisions:
        at += step
        ask = _ask(chance.choice(callers), chance.choice(known), at, chance)
        grants = _grants(ask, chance)
        line = _line(rules, ask, grants, made, chance)
        if line:
            made += 1
            yield Decided(ask, grants, line)


def _ask(caller: Caller, role: Role, at: datetime, chance: Random) -> Ask:
    seconds, action = chance.choice((None, None, 900, 1800, 3600)), chance.choice(ACTIONS)
    ask = Ask(
        action=action,
        caller=caller,
        role=role,
        at=at.replace(microsecond=0),
        source_ip=f"203.0.113.{chance.randrange(256)}",
        duration_seconds=seconds or 3600,
        duration_given=seconds is not None,
        reason_given=chance.random() < 0.6,  # noqa: PLR2004  a share
        session_tags=chance.choice(((), (), ("ticket",), ("department",))),
    )
    return replace(ask, duration_given=False, session_tags=()) if action == "RequestAccess" else ask


def _grants(ask: Ask, chance: Random) -> tuple[Grant, ...]:
    if chance.random() > 0.2:  # noqa: PLR2004  a share
        return ()
    until = ask.at + timedelta(hours=4)
    return (Grant("", ask.caller.name, ask.caller.unique_id, ask.role.name, 1, ask.at, until, "planned"),)


def _line(rules: AccessRules, ask: Ask, grants: tuple[Grant, ...], number: int, chance: Random) -> str:
    """The event as issuing, or filing a request, writes it; "" for bad input."""
    seen, origin = Evidence(ask), Origin(ask.caller, f"request-{number}", ask.source_ip, rules.digest)
    event_id = new_id(ask.at, chance.randbytes(10))
    try:
        door = _door(rules, seen, ask, grants)
    except (InvalidRequest, Conflict):
        return ""
    except (Refused, NotFound) as refusal:
        by = getattr(refusal, "policies", ())
        detail = {"code": refusal.code, "why": refusal.detail}
        told = seen.told(rules)
        return to_json(AuditEvent(event_id, "refuse", ask.at, origin, ask.role.name, "", "", by, detail, told))
    kind = "request" if ask.action == "RequestAccess" else "issue"
    policies = (door.policy,)
    return to_json(AuditEvent(event_id, kind, ask.at, origin, ask.role.name, "", "", policies, {}, seen.told(rules)))


def _door(rules: AccessRules, seen: Evidence, ask: Ask, grants: tuple[Grant, ...]) -> Door:
    try:
        door = _asked(rules, seen, ask) if ask.action == "RequestAccess" else _taken(rules, seen, ask, grants).door
    except BrokerError as refusal:
        seen.refused_by(refusal)
        raise
    seen.allowed_by(door)
    return door


def _asked(rules: AccessRules, seen: Evidence, ask: Ask) -> Door:
    seen.start = ask.at
    return door_asked_for(rules, ask, ask.at)


def _taken(rules: AccessRules, seen: Evidence, ask: Ask, grants: tuple[Grant, ...]) -> Admission:
    try:
        return admit(rules, ask)
    except (Refused, InvalidRequest) as closed:
        if ask.action == "BreakGlass" or closed.code not in {"approval_required", "reason_required", "invalid_request"}:
            raise
        seen.grants = tuple((grant.approvals, bool(grant.reason)) for grant in grants)
        entered = enter(rules, ask, grants)
        if entered is None:
            raise
        return entered[0]
